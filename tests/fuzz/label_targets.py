"""Every label format: read and written again as itself and in every other format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vidseg.datasets.label_statistics import count_labels
from vidseg.formats.label_files import (
    LABEL_FORMATS,
    LossLog,
    ReadOptions,
    convert,
    load_class_list,
)
from vidseg.formats.label_files.losses import LOSSES
from vidseg.labels import FrameLabels, LabelSource, LabelTrack, VideoInfo

from ..formats.label_files.made import THINGS, Made, labels, mask
from .runner import Step, Target

_SQUARE, _LINE = mask("##..", "##..", "...."), mask("....", "...#", "...#")
_SIZE = (3, 4)
_CLASSLESS = ("davis",)


def label_targets() -> list[Target]:
    """One a format, and class lists."""
    return [*(_of_format(name) for name in LABEL_FORMATS), *_class_lists()]


def _labels(name: str) -> Made:
    """Two videos of two objects each, with what most formats hold."""
    scored = {2: 0.5, 3: 0.25} if name in ("coco_panoptic", "vipseg", "label_studio") else None
    frames: list[FrameLabels | None] = [
        labels({2: _SQUARE, 3: _LINE}, _SIZE, scores=scored),
        labels({2: np.roll(_SQUARE, 1, 1), 3: _LINE}, _SIZE, scores=scored),
    ]
    classes = (None, None) if name in _CLASSLESS else (1, 2)
    tracks = tuple(LabelTrack(id, number) for id, number in zip((2, 3), classes, strict=True))
    videos = [VideoInfo(video, ("00000", "00001"), _SIZE) for video in ("a", "b")]
    categories = () if name in _CLASSLESS else THINGS
    return Made(videos, [tracks, tracks], [frames, frames], categories)


def _of_format(name: str) -> Target:
    """Reads a format once for each of three writers: its own, a drawing one and the next one."""
    names = list(LABEL_FORMATS)
    after = names[(names.index(name) + 1) % len(names)]
    return Target(
        f"labels {name}",
        lambda folder: _write(name, folder),
        {
            f"to {other}": (lambda folder, out, to=other: _convert(name, folder, to, out))
            for other in dict.fromkeys((name, after, "davis"))
        }
        | {"stats": lambda folder, out: count_labels(_open(name, folder))},
    )


def _write(name: str, folder: Path) -> None:
    for video in ("a", "b"):
        for frame in ("00000", "00001"):
            path = folder / "pictures" / video / f"{frame}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", _SIZE[::-1], (9, 9, 9)).save(path)
    target = LABEL_FORMATS[name]
    convert(
        _labels(name),
        target,
        folder / "labels",
        allowed=tuple(LOSSES),
        pictures=folder / "pictures",
    )


def _open(name: str, folder: Path, log: LossLog | None = None) -> LabelSource:
    options = ReadOptions(pictures=folder / "pictures", log=log or LossLog())
    return LABEL_FORMATS[name].read(folder / "labels", options)


def _convert(name: str, folder: Path, other: str, out: Path) -> None:
    """As ``vidseg data convert`` with every loss allowed and a class for those without."""
    log = LossLog()
    convert(
        _open(name, folder, log),
        LABEL_FORMATS[other],
        out / "converted",
        log=log,
        allowed=tuple(LOSSES),
        categories=load_class_list("object") if name in _CLASSLESS else (),
        pictures=folder / "pictures",
    )


_LISTS = {
    "classes.json": '[{"id": 1, "name": "cat", "isthing": 1}, {"id": 2, "name": "dog"}]',
    "classes.txt": "cat\ndog\ntraffic light\n",
}


def _class_lists() -> list[Target]:
    def target(file: str, content: str) -> Target:
        read: Step = lambda folder, out: load_class_list(str(folder / file))  # noqa: E731
        return Target(
            f"labels {file}", lambda folder: (folder / file).write_text(content), {"read": read}
        )

    return [target(file, content) for file, content in _LISTS.items()]
