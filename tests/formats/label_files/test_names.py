"""Names of pictures that no file can have, that two have, or that are read as something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.formats import reading
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions, convert
from vidseg.formats.label_files.losses import LOSSES
from vidseg.formats.label_files.pictures import frames_of
from vidseg.labels import LabelTrack, VideoInfo

from .made import THINGS, Made, labels, mask
from .test_readers import COCO, opened, saved

SIZE = (2, 4)
HELD = labels({1: mask("##..", "##..")}, SIZE)


def made(*videos: VideoInfo) -> Made:
    count = len(videos)
    frames: Any = [[HELD] * len(video.frames) for video in videos]
    return Made(list(videos), [(LabelTrack(1, 1),)] * count, frames, THINGS)


@pytest.mark.parametrize(
    "name", ["..jpg", "a/..jpg", "x/...jpg", "../a.jpg", "/a.jpg", "C:/a.jpg", "a/../b.jpg", "..."]
)
def test_names_that_leave_their_folder(tmp_path: Path, name: str) -> None:
    image = {**COCO["images"][0], "file_name": name}
    path = saved(tmp_path / "c.json", {**COCO, "images": [image]})
    with pytest.raises(DataError, match="which lies outside of"):
        opened("coco", path)


@pytest.mark.parametrize(
    "name", ["CON", "nul.png", "a/aux.jpg", "COM1", "lpt9.x", "a:b", "x.", "y "]
)
def test_devices_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert reading.inside(tmp_path, name, tmp_path) == tmp_path / name
    monkeypatch.setattr(reading, "_ON_WINDOWS", True)
    with pytest.raises(DataError, match="which no file can be called"):
        reading.inside(tmp_path, name, tmp_path)
    for other in ("console.png", "a/com10", "null.jpg", "x.y"):
        assert reading.inside(tmp_path, other, tmp_path) == tmp_path / other


@pytest.mark.parametrize("video", [None, 1])
def test_images_that_differ_in_ending_alone(tmp_path: Path, video: int | None) -> None:
    images = [
        {"id": id, "file_name": f"a.{ending}", "width": 4, "height": 4, "video_id": video}
        for id, ending in enumerate(("jpg", "png"), start=5)
    ]
    path = saved(tmp_path / "c.json", {**COCO, "images": images})
    with pytest.raises(DataError, match=r"has two images of the name a|has two frames of one name"):
        opened("coco", path)


def test_pictures_that_differ_in_ending_alone(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "._a.png"):
        saved(tmp_path / "v" / name, "")
    with pytest.raises(DataError, match=r"has the pictures a\.jpg and a\.png"):
        frames_of(tmp_path, "v")


@pytest.mark.parametrize("target", LABEL_FORMATS)
def test_a_still_and_a_frame_of_one_name(tmp_path: Path, target: str) -> None:
    source = made(VideoInfo("v", ("b", "c"), SIZE), VideoInfo("v/c", ("c",), SIZE))
    with pytest.raises(DataError, match=r"has the picture v/c twice: as a still and as a frame"):
        convert(source, LABEL_FORMATS[target], tmp_path / "out", allowed=tuple(LOSSES))
    assert not (tmp_path / "out").exists()


def test_stills_of_one_folder_in_youtube_vis(tmp_path: Path) -> None:
    source = made(*(VideoInfo(f"d/{name}", (name,), SIZE) for name in "ab"))
    convert(source, LABEL_FORMATS["ytvis"], tmp_path / "out")
    back = LABEL_FORMATS["ytvis"].read(tmp_path / "out", ReadOptions())
    assert [(v.name, v.frames) for v in back.videos] == [("d/a", ("a",)), ("d/b", ("b",))]


def test_hidden_names_are_told(tmp_path: Path) -> None:
    log = LossLog()
    convert(made(VideoInfo("v/.a", (".a",), SIZE)), LABEL_FORMATS["coco"], tmp_path / "o", log=log)
    assert log.notes[0].startswith("Files with such names are hidden")
