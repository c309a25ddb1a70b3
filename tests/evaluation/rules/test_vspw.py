"""VSPW: official numbers, a hand-worked video, raw labels, folders that do not fit."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from PIL import Image

from vidseg.evaluation.registry import get_benchmark
from vidseg.evaluation.runner import run

from ..mask_cases import assert_equal, evaluate, official
from ..panoptic_cases import (
    Breakage,
    assert_refused,
    one_row,
    save_row,
    shorten,
)


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_official_numbers(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "vspw")
    report = evaluate("vspw", folder / "gt", folder / "pred" / variant)
    assert_equal(report.figures, expected["results"][variant])
    assert list(report.videos) == (folder / "gt" / "val.txt").read_text().split()


def build(folder: Path, frames: int = 10) -> Path:
    """Videos a (void, hits, a wrong class; steady) and b (one frame)."""
    for t in range(frames):
        save_row(folder / f"gt/data/a/mask/{t:03d}.png", 0, 0, 7, 255)
        # One pixel flickers from the second frame on.
        save_row(folder / f"pred/a/{t:03d}.png", 0, 3 if t % 2 else 0, 9, 5)
    save_row(folder / "gt/data/b/mask/000.png", 7)
    save_row(folder / "pred/b/000.png", 7)
    (folder / "gt/val.txt").write_text("a\nb\n")
    return folder


def test_hand_worked(tmp_path: Path) -> None:
    build(tmp_path)
    report = evaluate("vspw", tmp_path / "gt", tmp_path / "pred")
    figures = report.figures
    # 30 labelled pixels in a, 1 in b. Class 0: 15 of 20 right, nothing said wrongly. Class 7: 10
    # said as 9 and 1 right. 3 and 9 are not in the truth.
    assert figures["Acc"] == pytest.approx(16 / 31)
    assert figures["Acc_class"] == pytest.approx((15 / 20 + 1 / 11) / 2)
    assert figures["mIoU"] == pytest.approx((15 / 20 + 1 / 11) / 2)
    assert figures["fwIoU"] == pytest.approx(20 / 31 * 15 / 20 + 11 / 31 * 1 / 11)
    # 10 frames have 2 clips of 8; three of four steady pixels (void counts) stay as they are.
    assert (figures["mVC8"], figures["mVC8_num_clips"]) == (0.75, 2)
    assert math.isnan(figures["mVC16"])
    assert figures["mVC16_num_clips"] == 0
    assert report.videos["b"]["mIoU"] == 1.0
    assert report.videos["a"]["mVC8"] == 0.75
    assert report.classes["wall"]["IoU"] == 0.75
    assert len(report.classes) == 2
    assert any("nowhere in the ground truth" in note for note in report.notes)
    assert any("2 of 2 videos have no clip for mVC16" in note for note in report.notes)


def test_clips_without_a_lasting_label_are_counted_apart(tmp_path: Path) -> None:
    build(tmp_path)
    for t in range(10):
        save_row(tmp_path / f"gt/data/a/mask/{t:03d}.png", *[t % 2] * 4)
    figures = evaluate("vspw", tmp_path / "gt", tmp_path / "pred").figures
    assert (figures["mVC8_num_clips"], figures["mVC8_num_nan_clips"]) == (2, 2)
    assert math.isnan(figures["mVC8"])


def test_raw_masks_are_mapped(tmp_path: Path) -> None:
    build(tmp_path)
    mapped = evaluate("vspw", tmp_path / "gt", tmp_path / "pred").figures
    for t in range(10):
        save_row(tmp_path / f"gt/data/a/mask/{t:03d}.png", 1, 1, 8, 0 if t % 2 else 255)
    save_row(tmp_path / "gt/data/b/mask/000.png", 8)
    report = evaluate("vspw", tmp_path / "gt", tmp_path / "pred", "raw")
    assert_equal(report.figures, {k: v for k, v in mapped.items() if not math.isnan(v)})


def test_frames_to_look_at_count_classes_from_one(tmp_path: Path) -> None:
    build(tmp_path)
    opened = get_benchmark("vspw").open(tmp_path / "gt", tmp_path / "pred", "official")
    frames = list(opened.compare("a"))
    assert len(frames) == 10
    assert one_row(frames[1].truth) == [1, 1, 8, 0]
    assert one_row(frames[1].predicted) == [1, 4, 10, 6]


def test_processes_change_no_digit(tmp_path: Path) -> None:
    build(tmp_path)
    opened = get_benchmark("vspw").open(tmp_path / "gt", tmp_path / "pred", "official")
    assert str(run(opened, workers=2).figures) == str(run(opened).figures)


def resize(*paths: Path) -> None:
    for path in paths:
        save_row(path, 1, 1)


def rgb(path: Path) -> None:
    Image.new("RGB", (4, 1)).save(path)


@pytest.mark.parametrize(
    ("spoil", "message", "file"),
    [
        (lambda g, p: (p / "c").mkdir(), "which the ground truth lacks", "c"),
        (lambda g, p: shutil.rmtree(p / "b"), "lacks a prediction for the video b", "pred"),
        (lambda g, p: shutil.rmtree(p), "no folder of a predicted video", "pred"),
        (lambda g, p: (p / "a/003.png").unlink(), "lacks the frame", "003.png"),
        (lambda g, p: (p / "b/000.png").unlink(), "holds no PNG", "b"),
        (lambda g, p: save_row(p / "a/777.png", 1), "which the ground truth lacks", "777.png"),
        (lambda g, p: save_row(p / "a/003.png", 1, 1, 1), "is 3x1 pixels", "pred/a/003.png"),
        (lambda g, p: rgb(p / "a/003.png"), "mode RGB", "pred/a/003.png"),
        (lambda g, p: shorten(p / "a/003.png"), "Cannot read", "pred/a/003.png"),
        (lambda g, p: save_row(p / "b/000.png", 255), "predicts the label 255", "b/000.png"),
        (lambda g, p: save_row(g / "data/b/mask/000.png", 124), "protocol raw", "b/mask/000.png"),
        (lambda g, p: shutil.rmtree(g / "data/b"), "names b", "val.txt"),
        (lambda g, p: (g / "val.txt").unlink(), "Cannot read", "val.txt"),
        (lambda g, p: (g / "val.txt").write_text("\n"), "is empty", "val.txt"),
        (lambda g, p: (g / "val.txt").write_text("a\nb\na\n"), "more than once", "val.txt"),
        (lambda g, p: (g / "val.txt").write_text("../a\n"), "lies outside", "val.txt"),
        (lambda g, p: (g / "data/b/mask/000.png").unlink(), "holds no PNG", "b/mask"),
        (
            lambda g, p: resize(g / "data/a/mask/004.png", p / "a/004.png"),
            "another size than the frames before",
            "a/mask/004.png",
        ),
    ],
)
def test_refused(tmp_path: Path, spoil: Breakage, message: str, file: str) -> None:
    assert_refused("vspw", build(tmp_path), spoil, message, file)
