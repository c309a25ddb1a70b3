"""CVAT files as CVAT exports tasks that take a part of the frames, projects, jobs and pictures."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions
from vidseg.geometry.masks import decode_rle

HEAD = """<?xml version="1.0" encoding="utf-8"?><annotations><meta><{tag}><id>1</id>
<name>t</name><size>{size}</size>{more}<labels><label><name>car</name></label></labels>
<original_size><width>64</width><height>48</height></original_size></{tag}></meta>
{tracks}</annotations>"""


def head(tracks: str, *, size: Any = 4, more: str = "", tag: str = "task") -> str:
    return HEAD.format(size=size, more=more, tag=tag, tracks=tracks)


def track(tag: str, places: dict[int, str], extra: str = "") -> str:
    shapes = "".join(f'<{tag} frame="{n}" {fields}/>' for n, fields in places.items())
    return f'<track id="0" label="car" {extra}>{shapes}</track>'


def square(x: int, more: str = "") -> str:
    return f'points="{x},5;{x + 10},5;{x + 10},15;{x},15" outside="0" {more}'


def opened(tmp_path: Path, text: str, **options: Any) -> Any:
    path = tmp_path / "a.xml"
    path.write_text(text)
    return LABEL_FORMATS["cvat"].read(path, ReadOptions(**options))


def lefts(source: Any, video: int = 0) -> list[int | None]:
    found: list[int | None] = []
    for frame in range(len(source.videos[video].frames)):
        masks = [decode_rle(m) for m in source.labels(video, frame).masks.values()]
        found.append(int(masks[0].any(axis=0).argmax()) if masks else None)
    return found


@pytest.mark.parametrize(
    ("tag", "start", "frames"),
    [("task", 0, (0, 5, 10)), ("task", 100, (100, 105, 110)), ("job", 2, (10, 15, 20))],
)
def test_frames_count_in_the_source_video(
    tmp_path: Path, tag: str, start: int, frames: tuple[int, ...]
) -> None:
    more = f"<start_frame>{start}</start_frame><frame_filter>step=5</frame_filter>"
    places = {n: square(5 * (k + 1)) for k, n in enumerate(frames)}
    places[frames[-1] + 5] = square(15).replace('outside="0"', 'outside="1"')
    text = head(track("polygon", places), more=more, tag=tag)
    assert lefts(opened(tmp_path, text)) == [5, 10, 15, None]
    if tag == "job":
        return
    with pytest.raises(DataError, match=rf"goes to frame 7, of 4 \(from {start}, every 5\)"):
        opened(tmp_path, head(track("polygon", {7: square(1)}), more=more))


def test_projects_hold_several_tasks(tmp_path: Path) -> None:
    tasks = "".join(
        f"<task><id>{n}</id><name>{name}</name><size>1</size><original_size><width>64</width>"
        "<height>48</height></original_size></task>"
        for n, name in ((7, "a"), (8, "b"))
    )
    tracks = "".join(
        track("polygon", {0: square(x)}, f'task_id="{n}"') for n, x in ((7, 3), (8, 20))
    )
    text = f"""<annotations><meta><project><labels><label><name>car</name></label></labels>
    <tasks>{tasks}</tasks></project></meta>{tracks}</annotations>"""
    source = opened(tmp_path, text)
    assert [video.name for video in source.videos] == ["a", "b"]
    assert lefts(source, 0) == [3] and lefts(source, 1) == [20]


def test_pictures_and_shapes(tmp_path: Path) -> None:
    shapes = (
        '<ellipse label="car" cx="32" cy="24" rx="10" ry="10"/><points label="car" points="1,1"/>'
        '<box label="car" xtl="1" ytl="1" xbr="5" ybr="4"/>'
    )
    image = f'<image id="0" name="below/a.PNG" width="64" height="48">{shapes}</image>'
    log = LossLog()
    source = opened(tmp_path, head(image), log=log)
    assert source.videos[0].name == "below/a" and source.videos[0].endings == {"a": ".PNG"}
    (circle,) = source.labels(0, 0).masks.values()
    assert decode_rle(circle).sum() == pytest.approx(314, abs=6)
    assert "2 shapes" in str(log.refusal("coco", ()))
    filled = opened(tmp_path, head(image), boxes_as_regions=True).labels(0, 0).masks
    assert [int(decode_rle(mask).sum()) for mask in filled.values()][1] == 12


def test_boxes_go_straight_between_keyframes(tmp_path: Path) -> None:
    box = 'xtl="{}" ytl="5" xbr="{}" ybr="15" keyframe="1"'
    places = {0: box.format(0, 10), 2: box.format(20, 30)}
    source = opened(tmp_path, head(track("box", places)), boxes_as_regions=True)
    assert lefts(source) == [0, 10, 20, None]


def test_a_zip_is_read_and_nothing_extracted(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../annotations.xml", head(track("polygon", {0: square(3)})))
        archive.writestr("images/frame_000000.png", b"")
    assert lefts(LABEL_FORMATS["cvat"].read(path, ReadOptions()))[0] == 3
    assert not (tmp_path.parent / "annotations.xml").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (head("", size=2_000_000_000), "claims 2000000000 frames"),
        (head("").replace("64", "2000000000"), "claims 2000000000 x 48 pixels"),
        (f'<!DOCTYPE a [<!ENTITY a "{"a" * 99}">]>' + head("")[38:], "a document type"),
        (head(track("polygon", {0: square(3).replace("13,5", "1e9,5")})), "the coordinate 1e.09"),
        (head(track("polygon", {0: square(3).replace("13,5", "nan,5")})), "not finite"),
    ],
)
def test_damaged(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(tmp_path, text).labels(0, 0)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "shift-jis"])
def test_encodings_that_the_file_declares(tmp_path: Path, encoding: str) -> None:
    text = head(track("polygon", {0: square(3)})).replace("car", "中文").replace("utf-8", encoding)
    path = tmp_path / "a.xml"
    path.write_bytes(text.encode(encoding))
    assert LABEL_FORMATS["cvat"].read(path, ReadOptions()).categories[0].name == "中文"
