"""What ``vidseg segment --save`` writes is read as labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidseg.formats.categories import CategoryNumbers
from vidseg.formats.davis import PalettePngWriter
from vidseg.formats.label_files import LABEL_FORMATS, ReadOptions
from vidseg.formats.panoptic import PanopticWriter
from vidseg.formats.ytvis import YtvisResultWriter
from vidseg.geometry.masks import decode_rle
from vidseg.labels import LabelSource
from vidseg.results import FrameResult, Segment
from vidseg.types import Frame

from .made import mask

SIZE = (3, 4)
PICTURE = np.zeros((*SIZE, 3), dtype=np.uint8)
CAT = mask("##..", "##..", "....")
GRASS = mask("....", "..##", "####")
A_CAT, SOME_GRASS = Segment(2, CAT, 0.5, "cat"), Segment(9, GRASS, 0.75, "grass", False)
RESULTS = [
    FrameResult(0, None, SIZE, (A_CAT, SOME_GRASS)),
    FrameResult(1, None, SIZE, (SOME_GRASS,)),
    FrameResult(2, None, SIZE, (A_CAT,)),
]


def check(source: LabelSource) -> None:
    assert [video.frames for video in source.videos] == [("00000", "00001", "00002")]
    assert [track.id for track in source.tracks(0)] == [2, 9]
    for number, result in enumerate(RESULTS):
        held = source.labels(0, number)
        assert held is not None
        assert held.size == SIZE
        found = {id: decode_rle(rle).tolist() for id, rle in held.masks.items()}
        assert found == {s.id: s.mask.tolist() for s in result.segments}


def classes(source: LabelSource) -> dict[int, tuple[str, bool]]:
    names = {category.id: (category.name, category.is_thing) for category in source.categories}
    return {t.id: names[t.category_id] for t in source.tracks(0) if t.category_id is not None}


def test_png(tmp_path: Path) -> None:
    writer = PalettePngWriter(tmp_path / "png")
    for result in RESULTS:
        writer.write(Frame(PICTURE, result.index), result)
    check(LABEL_FORMATS["davis"].read(tmp_path / "png", ReadOptions()))


def test_ytvis(tmp_path: Path) -> None:
    writer = YtvisResultWriter(tmp_path / "ytvis.json", CategoryNumbers())
    for result in RESULTS:
        writer.write(Frame(PICTURE, result.index), result)
    writer.close()
    source = LABEL_FORMATS["ytvis"].read(tmp_path / "ytvis.json", ReadOptions())
    check(source)
    assert {name for name, _ in classes(source).values()} == {"cat", "grass"}
    first = source.labels(0, 0)
    assert first is not None
    assert first.scores == {2: 0.5, 9: 0.75}


def test_panoptic(tmp_path: Path) -> None:
    writer = PanopticWriter(tmp_path / "panoptic", CategoryNumbers())
    for result in RESULTS:
        writer.write(Frame(PICTURE, result.index), result)
    writer.close()
    source = LABEL_FORMATS["coco_panoptic"].read(tmp_path / "panoptic.json", ReadOptions())
    check(source)
    assert classes(source) == {2: ("cat", True), 9: ("grass", False)}
    last = source.labels(0, 2)
    assert last is not None and last.void is not None
    assert np.array_equal(decode_rle(last.void), ~CAT)
