"""Every conversion that the help and the documentation show, as it is shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.cli.main import main
from vidseg.formats.ytvis import YtvisResultWriter
from vidseg.results import FrameResult, Segment, Track
from vidseg.types import Frame

from ..datasets.layouts import write_layout
from ..datasets.panoptic_layouts import vipseg

DOCS = Path(__file__).resolve().parents[2] / "docs"


def shown(text: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {line for line in lines if line.startswith("vidseg data convert") and "SRC" not in line}


def in_help(capsys: pytest.CaptureFixture[str]) -> set[str]:
    for words in (["data", "--help"], ["data", "convert", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    return shown(capsys.readouterr().out)


def test_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = in_help(capsys) | shown((DOCS / "data.md").read_text(encoding="utf-8"))
    assert len(examples) >= 8
    monkeypatch.chdir(tmp_path)
    write_layout("davis2017", Path("DAVIS"))
    write_layout("mose", Path("MOSE"))
    vipseg(Path("VIPSeg"), 0)
    _segmented(Path("out/ytvis.json"))
    _annotated(Path("labels.json"))
    _labelled_by_tools()
    there = {path.name for path in tmp_path.iterdir()}
    for number, example in enumerate(sorted(examples)):
        words = shlex.split(example)[1:]
        words[3] = f"{number}-{words[3]}"  # examples may share a destination
        assert main(words) == 0, (example, capsys.readouterr().err)
        told = capsys.readouterr().out
        assert " masks in " in told and " 0 masks" not in told, (example, told)
    assert len({path.name for path in tmp_path.iterdir()} - there) == len(examples)


def _segmented(path: Path) -> None:
    """What ``vidseg segment --save ytvis`` writes, with a second class for the track."""
    writer = YtvisResultWriter(path)
    mask = np.zeros((6, 8), dtype=bool)
    mask[1:4, 2:5] = True
    for index in range(3):
        result = FrameResult(index, None, mask.shape, (Segment(3, mask, 0.5, "cat"),))
        writer.write(Frame(np.zeros((6, 8, 3), np.uint8), index), result)
    writer.table = (Track(3, "cat", 0.5), Track(3, "dog", 0.25))
    writer.close()


def _annotated(path: Path) -> None:
    size = {"width": 8, "height": 6, "length": 1}
    mask = {"size": [6, 8], "counts": [7, 2, 39]}
    track = {"id": 1, "video_id": 1, "category_id": 1, "iscrowd": 0, "segmentations": [mask]}
    content = {
        "videos": [{"id": 1, "file_names": ["v/a.jpg"], **size}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [track],
    }
    path.write_text(json.dumps(content))


def _labelled_by_tools() -> None:
    for folder in ("images", "labels"):
        Path("yolo", folder).mkdir(parents=True)
    Image.new("RGB", (8, 6)).save("yolo/images/a.png")
    Path("yolo/labels/a.txt").write_text("0 .5 .5 .5 .5\n")
    Path("yolo/classes.txt").write_text("cat\n")
    size = {"original_width": 8, "original_height": 6, "image_rotation": 0}
    value = {"x": 25, "y": 0, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}
    region = {"id": "a", "type": "rectanglelabels", **size, "value": value}
    task = {"data": {"image": "a.png"}, "annotations": [{"result": [region]}]}
    Path("tasks.json").write_text(json.dumps([task]))
