"""KITTI-STEP: official numbers, a hand-worked sequence, folders that do not fit."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from vidseg.evaluation.registry import get_benchmark

from ..mask_cases import assert_equal, evaluate, official
from ..panoptic_cases import (
    Breakage,
    assert_refused,
    flip,
    one_row,
    save_ids,
    save_row,
    shorten,
)

SINGLE = "float32_result_PQ_SQ_RQ_TP_FN_FP"


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_official_numbers(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "kitti_step")
    want = expected["results"][variant]
    report = evaluate("kitti_step", folder / "gt", folder / "pred" / variant)
    for window in (1, 2, 3, 4):
        key = f"VPQ_window_{window}"
        # Made in single precision.
        assert report.figures[key][SINGLE] == pytest.approx(want[key].pop(SINGLE), rel=1e-6)
    assert report.figures["ID_per_seq"] == want.pop("ID_per_seq")
    assert_equal(report.figures, want)


def colour(category: int, instance: int = 0) -> int:
    """R = class, 256 G + B = instance."""
    return category | (instance >> 8) << 8 | (instance & 255) << 16


ROAD, VOID = colour(0), colour(255)
CAR, OTHER, CROWD = colour(13, 300), colour(13, 7), colour(13, 0)


def build(folder: Path) -> Path:
    """Sequence 0000: two frames with a car that is renamed, road, void and a crowd."""
    truth = folder / "gt/panoptic_maps/val/0000"
    said = folder / "pred/panoptic_maps/0000"
    for t, found in enumerate((CAR, OTHER)):
        save_ids(truth / f"00000{t}.png", CAR, CAR, ROAD, ROAD, VOID, CROWD)
        save_ids(said / f"00000{t}.png", found, found, ROAD, VOID, ROAD, found)
    return folder


def test_hand_worked(tmp_path: Path) -> None:
    build(tmp_path)
    report = evaluate("kitti_step", tmp_path / "gt", tmp_path / "pred")
    figures = report.figures
    # Two tubes of 2 (the crowd's pixels left out) in a tube of 4: 2 · (2 · 2 / 4) / 4.
    assert figures["AQ"] == pytest.approx(0.5)
    # Car: 6 of 6. Road: 2 hits of 4 true ones, the one on void does not count. Void: 0.
    assert figures["SQ"] == pytest.approx((1 + 2 / 4 + 0) / 3)
    assert figures["STQ"] == pytest.approx(math.sqrt(0.25))
    assert figures["STQ_tensorflow"]["AQ"] == pytest.approx(0.5)
    assert figures["ID_per_seq"] == ["0000"]
    # One frame: the car 2 / 3, the crowd is a segment like others and missed; the road
    # 1 / (2 + 2 - 1 - 1 on void) = 1 / 2 is no hit.
    one = figures["VPQ_window_1"]
    assert one["PQ_thing"] == pytest.approx(2 * 2 / 3 / (2 + 2 / 2))
    assert one["PQ_stuff"] == 0.0
    assert (one["tp"][13], one["fn"][13], one["fp"][13]) == (2, 2, 0)
    # The road lies by exactly half on void, which does not excuse it.
    assert (one["fn"][0], one["fp"][0]) == (2, 2)
    # Two frames: each name meets 2 of the 4 pixels of the car.
    assert figures["VPQ_window_2"]["PQ"] == 0.0
    assert figures["VPQ_window_3"]["tp"] == [0] * 19
    assert math.isnan(figures["VPQ_window_3"]["PQ"])
    assert report.classes["car"]["IoU"] == 1.0
    assert any("2 labelled pixels are predicted as void" in note for note in report.notes)


def test_a_sequence_without_things_has_no_association(tmp_path: Path) -> None:
    save_ids(tmp_path / "gt/panoptic_maps/val/0000/000000.png", ROAD)
    save_ids(tmp_path / "pred/panoptic_maps/0000/000000.png", ROAD)
    figures = evaluate("kitti_step", tmp_path / "gt", tmp_path / "pred").figures
    assert (figures["AQ_per_seq"], figures["STQ_per_seq"]) == ([0.0], [0.0])
    assert figures["SQ"] == 1.0


def test_truth_as_its_own_prediction_is_perfect(tmp_path: Path) -> None:
    build(tmp_path)
    shutil.rmtree(tmp_path / "pred")
    shutil.copytree(tmp_path / "gt/panoptic_maps/val", tmp_path / "pred/panoptic_maps")
    figures = evaluate("kitti_step", tmp_path / "gt", tmp_path / "pred").figures
    assert figures["STQ"] == 1.0
    assert [figures[f"VPQ_window_{k}"]["PQ"] for k in (1, 2)] == [1.0, 1.0]


def test_high_instances_are_kept_apart_and_noted(tmp_path: Path) -> None:
    folder = build(tmp_path)
    for t in (0, 1):
        # For DeepLab2's VPQ, person 2000 would be the crowd of cars.
        path = folder / f"pred/panoptic_maps/0000/00000{t}.png"
        save_ids(path, CAR, CAR, ROAD, VOID, ROAD, colour(11, 2000))
    report = evaluate("kitti_step", folder / "gt", folder / "pred")
    assert report.figures["VPQ_window_1"]["fp"][11] == 2
    assert any("Instance numbers reach 2000" in note for note in report.notes)
    assert any("nowhere in the ground truth" in note and "person" in note for note in report.notes)


def test_frames_to_look_at(tmp_path: Path) -> None:
    build(tmp_path)
    opened = get_benchmark("kitti_step").open(tmp_path / "gt", tmp_path / "pred", "deeplab2")
    frame = next(iter(opened.compare("0000")))
    car = 300 * 256 + 14
    assert one_row(frame.truth) == [car, car, 1, 1, 0, 14]
    assert not frame.same_ids


SAID = "panoptic_maps/0000"


@pytest.mark.parametrize(
    ("spoil", "message", "file"),
    [
        (lambda g, p: (p / "panoptic_maps/0009").mkdir(), "the ground truth lacks", "0009"),
        (lambda g, p: (p / SAID).rename(p / "kept"), "no folder of a predicted", "panoptic_maps"),
        (lambda g, p: (p / SAID / "000001.png").unlink(), "lacks the frame", "000001.png"),
        (lambda g, p: save_ids(p / SAID / "000001.png", 1), "is 1x1 pixels", "0000/000001.png"),
        (lambda g, p: save_row(p / SAID / "000001.png", 1), "mode L", "0000/000001.png"),
        (lambda g, p: flip(p / SAID / "000001.png"), "a checksum is wrong", "0000/000001.png"),
        (lambda g, p: shorten(p / SAID / "000001.png"), "Cannot read", "0000/000001.png"),
        (lambda g, p: save_ids(p / SAID / "000001.png", *[19] * 6), "class 19", "000001.png"),
        (
            lambda g, p: save_ids(g / "panoptic_maps/val/0000/000001.png", *[254] * 6),
            "class 254",
            "val/0000/000001.png",
        ),
        (lambda g, p: shutil.rmtree(g / "panoptic_maps/val"), "holds no sequence", "val"),
        (
            lambda g, p: (g / "panoptic_maps/val/0001").mkdir(),
            "lacks a prediction for the video 0001",
            "panoptic_maps",
        ),
    ],
)
def test_refused(tmp_path: Path, spoil: Breakage, message: str, file: str) -> None:
    assert_refused("kitti_step", build(tmp_path), spoil, message, file)
