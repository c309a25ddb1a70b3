"""VIPOSeg: official numbers, hand-worked videos, folders that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark
from vidseg.evaluation.rules.viposeg_classes import official_split, read_split

from ..mask_cases import assert_equal, evaluate, official, save
from ..panoptic_cases import Breakage, assert_refused, shorten


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_official_numbers(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "viposeg")
    report = evaluate("viposeg", folder / "gt", folder / "pred" / variant)
    assert_equal(report.figures, expected["results"][variant])
    assert read_split(folder / "gt") == official_split()


def row(path: Path, *labels: int) -> None:
    """A palette PNG of one row, which is all rim."""
    save(path, np.array([labels], np.uint8))


def build(folder: Path) -> Path:
    """Video a: 60 (thing) and 28 (stuff), both seen, in frame 0; 102 (unseen thing) in frame 1."""
    classes = {"a": {"1": 60, "2": 28, "3": 102}, "b": {"1": 98}}
    (folder / "gt").mkdir()
    (folder / "gt/obj_class.json").write_text(json.dumps(classes))
    truth, told, said = (folder / name for name in ("gt/Annotations_gt", "gt/Annotations", "pred"))
    for t in range(3):
        row(truth / f"a/{t}.png", 1, 1, 2, 3, 0)
    row(told / "a/0.png", 1, 1, 2, 0, 0)
    row(told / "a/1.png", 0, 0, 0, 3, 0)
    row(said / "a/0.png", 0, 0, 0, 0, 0)  # not looked at
    row(said / "a/1.png", 1, 0, 2, 2, 0)
    row(said / "a/2.png", 1, 1, 0, 3, 3)
    for t in range(2):
        row(truth / f"b/{t}.png", 1)
        row(said / f"b/{t}.png", 1)
    row(told / "b/0.png", 1)
    return folder


def test_hand_worked(tmp_path: Path) -> None:
    build(tmp_path)
    report = evaluate("viposeg", tmp_path / "gt", tmp_path / "pred")
    figures = report.figures
    assert figures["thing_seen_miou"] == pytest.approx((1 / 2 + 1) / 2)
    # Object 2 of a: 1 / 2 and 0; the only object of b, of class 98, is seen stuff: 1.
    assert figures["stuff_seen_biou"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert figures["thing_unseen_iou"] == pytest.approx(1 / 2)  # in frame 2 alone
    assert math.isnan(figures["stuff_unseen_iou"])
    assert math.isnan(figures["overall_iou"])
    assert any("No object is in stuff_unseen" in note for note in report.notes)
    # One object: 1. Two: (1/2 + 1/2) / 2. Three: (1 + 0 + 1/2) / 3.
    fitted = math.log(2) * 0.02 + math.log(2) * 0.03
    assert figures["decay"] == pytest.approx(fitted / (0.01**2 + 0.02**2 + 0.03**2))
    assert report.objects["a_2"]["miou"] == pytest.approx(1 / 4)
    assert report.videos["b"]["iou"] == 1.0
    assert report.videos["a"]["iou"] == pytest.approx((3 / 2 + 1 / 2 + 1 / 2) / 5)
    assert len(report.classes) == 4


def test_class_98_is_unseen_in_listed_videos(tmp_path: Path) -> None:
    build(tmp_path)
    for path in (tmp_path / "gt/Annotations_gt", tmp_path / "gt/Annotations", tmp_path / "pred"):
        (path / "b").rename(path / "187_WUZUSD4477I")
    classes = tmp_path / "gt/obj_class.json"
    classes.write_text(classes.read_text().replace('"b"', '"187_WUZUSD4477I"'))
    figures = evaluate("viposeg", tmp_path / "gt", tmp_path / "pred").figures
    assert figures["stuff_unseen_miou"] == 1.0
    assert not math.isnan(figures["overall_iou"])


def test_a_split_file_of_the_folder_has_the_say(tmp_path: Path) -> None:
    build(tmp_path)
    split = {"thing_seen": [], "thing_unseen": [60, 28], "stuff_seen": [], "stuff_unseen": []}
    path = tmp_path / "gt/class_split.json"
    path.write_text(json.dumps({**split, "class_98_unseen_videos": ["b"]}))
    report = evaluate("viposeg", tmp_path / "gt", tmp_path / "pred")
    assert report.figures["thing_unseen_miou"] == pytest.approx((1 / 2 + 1 + 1 / 2 + 0) / 4)
    assert report.figures["stuff_unseen_miou"] == 1.0
    assert any("1 object has a class of no group" in note for note in report.notes)
    path.write_text(json.dumps(split))
    with pytest.raises(DataError, match=r"class_split.json lacks the list 'class_98"):
        evaluate("viposeg", tmp_path / "gt", tmp_path / "pred")


def test_objects_given_again_or_too_late_are_noted(tmp_path: Path) -> None:
    build(tmp_path)
    row(tmp_path / "gt/Annotations/a/1.png", 1, 0, 0, 0, 0)
    row(tmp_path / "gt/Annotations/a/2.png", 0, 0, 0, 3, 0)
    report = evaluate("viposeg", tmp_path / "gt", tmp_path / "pred")
    # Object 1: 1/2 in frame 1, twice 1 in frame 2.
    assert report.figures["thing_seen_miou"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert any("1 time an object is given again" in note for note in report.notes)
    assert any("1 object is given in the last frame" in note for note in report.notes)
    assert math.isnan(report.objects["a_3"]["iou"])


def test_an_iou_of_zero_makes_the_decay_infinite(tmp_path: Path) -> None:
    build(tmp_path)
    row(tmp_path / "pred/b/1.png", 0)
    report = evaluate("viposeg", tmp_path / "gt", tmp_path / "pred")
    assert report.figures["decay"] == math.inf
    assert any("infinite" in note for note in report.notes)


def test_frames_to_look_at_have_the_same_ids(tmp_path: Path) -> None:
    build(tmp_path)
    opened = get_benchmark("viposeg").open(tmp_path / "gt", tmp_path / "pred", "official")
    frames = list(opened.compare("a"))
    assert [frame.name for frame in frames] == ["0", "1", "2"]
    assert frames[1].predicted.tolist() == [[1, 0, 2, 2, 0]]
    assert all(frame.same_ids for frame in frames)


@pytest.mark.parametrize(
    ("spoil", "message", "file"),
    [
        (lambda g, p: (p / "z").mkdir(), "the ground truth lacks", "z"),
        (lambda g, p: shutil.rmtree(p / "b"), "lacks a prediction for the video b", "pred"),
        (lambda g, p: (p / "a/1.png").unlink(), "lacks the frame", "1.png"),
        (lambda g, p: row(p / "a/9.png", 1), "the ground truth lacks", "9.png"),
        (lambda g, p: row(p / "a/1.png", 1), "is 1x1 pixels", "pred/a/1.png"),
        (lambda g, p: Image.new("RGB", (5, 1)).save(p / "a/1.png"), "mode RGB", "pred/a/1.png"),
        (lambda g, p: shorten(p / "a/1.png"), "Cannot read", "pred/a/1.png"),
        (lambda g, p: (g / "obj_class.json").unlink(), "Cannot read", "obj_class.json"),
        (lambda g, p: shorten(g / "obj_class.json"), "Cannot read", "obj_class.json"),
        (
            lambda g, p: (g / "obj_class.json").write_text('{"a": {"1": 124}}'),
            "the class 124",
            "obj_class.json",
        ),
        (
            lambda g, p: (g / "obj_class.json").write_text('{"a": {"1": 60, "2": 28}}'),
            "obj_class.json has no class",
            "Annotations/a/1.png",
        ),
        (lambda g, p: (g / "obj_class.json").write_text('{"a": 1}'), "video a", "obj_class.json"),
        (lambda g, p: shutil.rmtree(g / "Annotations/b"), "gives the objects", "Annotations/b"),
        (lambda g, p: row(g / "Annotations/b/7.png", 1), "of a frame that", "Annotations/b/7.png"),
        (lambda g, p: shutil.rmtree(g / "Annotations_gt"), "holds no video", "Annotations_gt"),
    ],
)
def test_refused(tmp_path: Path, spoil: Breakage, message: str, file: str) -> None:
    assert_refused("viposeg", build(tmp_path), spoil, message, file)
