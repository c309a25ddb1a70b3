"""``vidseg evaluate`` on wrong files: one sentence that names the file, exit 2, nothing written.

Nothing is scored as zero in silence: what an official program lets pass is said in a note.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.cli.main import main

from ..evaluation.tiny_benchmarks import Tiny, tiny_names, write_tiny

Spoil = Callable[[Tiny], Path]
"""Spoils one thing; returns what the sentence must name."""

MAPS = (
    "davis2016", "davis2017", "davis2017_unsup", "ref_davis", "youtube_vos", "mose",
    "ref_youtube_vos", "viposeg", "vspw", "vipseg", "kitti_step",
)  # fmt: skip
COLOURS = ("vipseg", "kitti_step")
"""Benchmarks whose PNGs are RGB."""
ANSWERS = ("ytvis2021", "burst", "vipseg")
"""Benchmarks with a predicted JSON file."""


def run(name: str, tiny: Tiny, folder: Path) -> int:
    """The command with every output asked for."""
    words = ["evaluate", name, "--gt", str(tiny.gt), "--pred", str(tiny.pred)]
    return main([*words, "--json", str(folder / "out/r.json"), "--plot", str(folder / "plots")])


def assert_refused(
    name: str, folder: Path, spoil: Spoil, capsys: pytest.CaptureFixture[str], says: str = ""
) -> None:
    tiny = write_tiny(name, folder)
    named = spoil(tiny)
    assert run(name, tiny, folder) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("vidseg: ") and told.err.count("\n") == 1
    assert str(named) in told.err and says in told.err, told.err
    assert "Errno" not in told.err
    assert not [path for out in ("out", "plots") for path in (folder / out).rglob("*")]


@pytest.mark.parametrize("name", tiny_names())
def test_whole_files_pass(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, write_tiny(name, tmp_path), tmp_path) == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "out/r.json").is_file() and list((tmp_path / "plots").glob("*.png"))


def gone(path: Path) -> Path:
    shutil.rmtree(path)
    return path


def emptied(path: Path) -> Path:
    gone(path).mkdir()
    return path


def a_file(path: Path) -> Path:
    gone(path).write_text("x")
    return path


FOLDERS: dict[str, Spoil] = {
    "no ground truth": lambda tiny: gone(tiny.gt),
    "no prediction": lambda tiny: gone(tiny.pred),
    "empty ground truth": lambda tiny: emptied(tiny.gt),
    "empty prediction": lambda tiny: emptied(tiny.pred),
    "ground truth is a file": lambda tiny: a_file(tiny.gt),
    "prediction is a file": lambda tiny: a_file(tiny.pred),
}


@pytest.mark.parametrize("fault", FOLDERS)
@pytest.mark.parametrize("name", tiny_names())
def test_folders(name: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(name, tmp_path, FOLDERS[fault], capsys)


def second(folder: Path | None) -> Path:
    """A frame that every benchmark measures."""
    assert folder is not None
    return sorted(folder.glob("*.png"))[1]


def lost(path: Path) -> Path:
    path.unlink()
    return path.parent


def cut(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def smaller(path: Path) -> Path:
    with Image.open(path) as image:
        image.resize((16, 12), Image.Resampling.NEAREST).save(path)
    return path


def wide(path: Path) -> Path:
    Image.fromarray(np.full((24, 32), 300, np.uint16)).save(path)
    return path


def converted(path: Path, mode: str) -> Path:
    with Image.open(path) as image:
        image.convert(mode).save(path)
    return path


def copied(path: Path, name: str) -> Path:
    if path.is_dir():
        shutil.copytree(path, path.with_name(name))
    else:
        shutil.copy(path, path.with_name(name))
    return path.parent


def renamed(path: Path) -> Path:
    path.rename(path.with_suffix(".jpg"))
    return path.parent


MAP_FAULTS: dict[str, tuple[Spoil, str]] = {
    "unknown video": (lambda tiny: copied(second(tiny.frames).parent, "zoo"), "zoo"),
    "no video": (lambda tiny: gone(second(tiny.frames).parent).parent, ""),
    "empty video": (lambda tiny: emptied(second(tiny.frames).parent), "holds no PNG"),
    "missing frame": (lambda tiny: lost(second(tiny.frames)), "lacks the frame"),
    "additional frame": (lambda tiny: copied(second(tiny.frames), "99999.png"), "99999.png"),
    "frame of another kind": (lambda tiny: renamed(second(tiny.frames)), "lacks the frame"),
    "size": (lambda tiny: smaller(second(tiny.frames)), "is 16x12 pixels"),
    "transparent": (lambda tiny: converted(second(tiny.frames), "RGBA"), "has mode RGBA"),
    "16 bits": (lambda tiny: wide(second(tiny.frames)), ""),
    "cut": (lambda tiny: cut(second(tiny.frames)), ""),
    "empty file": (lambda tiny: written(second(tiny.frames), b""), "it is empty"),
    "text": (lambda tiny: written(second(tiny.frames), b"hello"), "it is no picture"),
    "true frame cut": (lambda tiny: cut(second(tiny.true_frames)), ""),
    "no true frame": (lambda tiny: lost(second(tiny.true_frames)) and Path("0"), ""),
}


@pytest.mark.parametrize("fault", MAP_FAULTS)
@pytest.mark.parametrize("name", MAPS)
def test_label_maps(
    name: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused(name, tmp_path, MAP_FAULTS[fault][0], capsys, MAP_FAULTS[fault][1])


@pytest.mark.parametrize("name", MAPS)
def test_wrong_colours(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "L" if name in COLOURS else "RGB"
    assert_refused(
        name, tmp_path, lambda tiny: converted(second(tiny.frames), wrong), capsys, f"mode {wrong}"
    )


@pytest.mark.parametrize("name", ["youtube_vos", "mose", "viposeg"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_brightness_for_ids_is_said(
    name: str, workers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Official programs take these pixels for background; a reader must know why they are lost."""
    tiny = write_tiny(name, tmp_path)
    converted(second(tiny.frames), "L")
    words = ["evaluate", name, "--gt", str(tiny.gt), "--pred", str(tiny.pred)]
    assert main([*words, "--workers", workers]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"{tiny.frames} shows the label 38, which no object of the video has, and so" in told


def answer(tiny: Tiny, content: bytes | None) -> Path:
    assert tiny.answer is not None
    if content is None:
        tiny.answer.unlink()
        return tiny.pred
    return written(tiny.answer, content)


FILES: dict[str, Spoil] = {
    "cut": lambda tiny: cut(answer(tiny, b'[{"videos": []}')),
    "no byte": lambda tiny: answer(tiny, b""),
    "not UTF-8": lambda tiny: answer(tiny, b'["\xff"]'),
    "nested": lambda tiny: answer(tiny, b"[" * 100_000),
    "a number": lambda tiny: answer(tiny, b"3"),
    "null": lambda tiny: answer(tiny, b"null"),
    "no entry": lambda tiny: answer(tiny, b"[]"),
    "no key": lambda tiny: answer(tiny, b"{}"),
    "missing": lambda tiny: answer(tiny, None),
}


@pytest.mark.parametrize("fault", FILES)
@pytest.mark.parametrize("name", ANSWERS)
def test_answer_files(
    name: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused(name, tmp_path, FILES[fault], capsys)


Change = Callable[[Any], object]


def first_mask(rows: Any) -> Any:
    return next(mask for mask in rows[0]["segmentations"] if mask)


TRACKS: dict[str, tuple[Change, str]] = {
    "NaN score": (lambda rows: rows[0].update(score=float("nan")), "score nan"),
    "infinite score": (lambda rows: rows[0].update(score=float("inf")), "score inf"),
    "score in words": (lambda rows: rows[0].update(score="0.5"), "score '0.5'"),
    "no score": (lambda rows: rows[0].pop("score"), "lacks score"),
    "double id": (lambda rows: rows[1].update(id=rows[0]["id"]), "the id 1, as another"),
    "double row": (lambda rows: rows.append(rows[0]), "the id 1, as another"),
    "unknown video": (lambda rows: rows[0].update(video_id=77), "of video 77"),
    "unknown class": (lambda rows: rows[0].update(category_id=777), "category_id 777"),
    "size": (lambda rows: first_mask(rows).update(size=[32, 24]), "the size [32, 24]"),
    "cut mask": (
        lambda rows: first_mask(rows).update(counts=first_mask(rows)["counts"][:-1]),
        "no whole run-length string",
    ),
    "mask of another size": (lambda rows: first_mask(rows).update(counts=[1, 2, 3]), "6 pixels"),
    "polygon": (lambda rows: rows[0].update(segmentations=[[[1, 2, 3, 4, 5, 6]]] * 4), "no run"),
    "missing frame": (lambda rows: rows[0]["segmentations"].pop(), "has 3 segmentations"),
}


@pytest.mark.parametrize("fault", TRACKS)
def test_tracks_of_youtube_vis(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, says = TRACKS[fault]
    assert_refused("ytvis2021", tmp_path, edited(change), capsys, says)


def edited(change: Change) -> Spoil:
    def spoil(tiny: Tiny) -> Path:
        assert tiny.answer is not None
        content = json.loads(tiny.answer.read_text(encoding="utf-8"))
        change(content)
        tiny.answer.write_text(json.dumps(content), encoding="utf-8")
        return tiny.answer

    return spoil


def first(content: Any) -> Any:
    return content["sequences"][0]


def a_mask(content: Any) -> Any:
    return first(content)["segmentations"][0]["1"]


SEQUENCES: dict[str, tuple[Change, str]] = {
    "unknown video": (lambda c: first(c).update(seq_name="zoo"), "HACS/zoo"),
    "double video": (lambda c: c["sequences"].append(first(c)), "twice"),
    "NaN score": (lambda c: a_mask(c).update(score=float("nan")), "score nan"),
    "cut mask": (lambda c: a_mask(c).update(rle=a_mask(c)["rle"][:-2]), "no whole run-length"),
    "mask of another size": (lambda c: a_mask(c).update(rle="0"), "has runs of 0 pixels"),
    "no mask": (lambda c: a_mask(c).pop("rle"), "no 'rle'"),
    "size": (lambda c: first(c).update(width=24, height=32), "not of the size"),
    "masks of fewer frames": (lambda c: first(c)["segmentations"].pop(), "masks of 3"),
    "image twice": (
        lambda c: first(c)["annotated_image_paths"].__setitem__(0, "frame0031.jpg"),
        "names an image twice",
    ),
    "nested image": (lambda c: first(c).update(annotated_image_paths=[[1], 2, 3, 4]), "text"),
    "unknown class": (
        lambda c: first(c).update(track_category_ids={"1": 99999, "2": 41}),
        "class 99999",
    ),
    "no class": (lambda c: first(c).update(track_category_ids={"2": 41}), "class None"),
}


@pytest.mark.parametrize("fault", SEQUENCES)
def test_sequences_of_burst(fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, says = SEQUENCES[fault]
    assert_refused("burst", tmp_path, edited(change), capsys, says)


def test_double_track_of_burst(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def spoil(tiny: Tiny) -> Path:
        assert tiny.answer is not None
        text = tiny.answer.read_text().replace('"2": {"rle"', '"1": {"rle"')
        return written(tiny.answer, text.encode())

    assert_refused("burst", tmp_path, spoil, capsys, "'1' stands twice")


def segments(content: Any) -> Any:
    return content["annotations"][0]["annotations"][0]["segments_info"]


SEGMENTS: dict[str, tuple[Change, str]] = {
    "unknown video": (
        lambda c: c["annotations"].append({"video_id": "zoo", "annotations": []}),
        "the video zoo",
    ),
    "no video": (lambda c: c["annotations"].clear(), "no annotations of the video"),
    "double video": (lambda c: c["annotations"].append(c["annotations"][0]), "more than once"),
    "double id": (lambda c: segments(c).append(segments(c)[0]), "more than once"),
    "additional segment": (
        lambda c: segments(c).append({"id": 5, "category_id": 1, "area": 3}),
        "ids 5",
    ),
    "missing segment": (lambda c: segments(c).pop(), "the ids 70000"),
    "unknown class": (lambda c: segments(c)[0].update(category_id=500), "category 500"),
    "id in words": (lambda c: segments(c)[0].update(id="7"), "'7'"),
    "missing frame": (lambda c: c["annotations"][0]["annotations"].pop(), "no annotation of"),
}


@pytest.mark.parametrize("fault", SEGMENTS)
def test_segments_of_vipseg(fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def spoil(tiny: Tiny) -> Path:
        edited(SEGMENTS[fault][0])(tiny)
        return tiny.pred  # the PNG is named where it and the JSON differ

    assert_refused("vipseg", tmp_path, spoil, capsys, SEGMENTS[fault][1])


@pytest.mark.parametrize(
    ("name", "change", "note"),
    [
        (
            "ytvis2021",
            lambda rows: rows.__setitem__(slice(None), [r for r in rows if r["video_id"] != 1]),
            "1 of 2 videos have no prediction; their objects are missed.",
        ),
        (
            "burst",
            lambda c: c["sequences"].pop(),
            "1 of 2 videos have no prediction; their objects are missed.",
        ),
        (
            "burst",
            lambda c: [first(c)[k].pop() for k in ("segmentations", "annotated_image_paths")],
            "1 annotated frame is not in the prediction: taken as empty.",
        ),
    ],
)
def test_what_official_programs_let_pass_is_said(
    name: str, change: Change, note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = write_tiny(name, tmp_path)
    edited(change)(tiny)
    assert run(name, tiny, tmp_path) == 0
    assert note in capsys.readouterr().out
    assert note in (tmp_path / "out/r.json").read_text()
