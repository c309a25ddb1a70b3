"""J, F and boundary IoU on masks small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vidseg.metrics.boundary import rim_width
from vidseg.metrics.jf import JFMeter, region_similarity, sequence_statistics
from vidseg.types import MaskArray

from .plain_measures import boundary_iou, contour, contour_accuracy, inner_rim

EMPTY = np.zeros((20, 30), dtype=bool)


def rectangle(top: int, left: int, height: int, width: int) -> MaskArray:
    mask = EMPTY.copy()
    mask[top : top + height, left : left + width] = True
    return mask


def test_region_similarity() -> None:
    assert region_similarity(EMPTY, EMPTY) == 1.0
    assert region_similarity(EMPTY, rectangle(2, 2, 4, 4)) == 0.0
    assert region_similarity(rectangle(2, 2, 4, 4), rectangle(2, 4, 4, 4)) == 8 / 24


def test_contour_lies_up_and_left_of_the_change() -> None:
    mask = np.zeros((4, 4), dtype=bool)
    mask[2, 2] = True
    expected = np.zeros((4, 4), dtype=bool)
    expected[1, 1] = expected[1, 2] = expected[2, 1] = expected[2, 2] = True
    assert (contour(mask) == expected).all()
    assert not contour(np.ones((4, 4), dtype=bool)).any()


def test_contour_accuracy_of_empty_and_full_masks() -> None:
    full = np.ones_like(EMPTY)
    assert contour_accuracy(EMPTY, EMPTY) == 1.0
    assert contour_accuracy(full, EMPTY) == 1.0  # neither has a contour
    assert contour_accuracy(rectangle(2, 2, 4, 4), EMPTY) == 0.0
    assert contour_accuracy(EMPTY, rectangle(2, 2, 4, 4)) == 0.0


def test_contour_accuracy_counts_pixels_within_the_radius() -> None:
    # The contour of columns >= c is column c - 1. The diagonal is 36.06: 0.008 of it is 1 pixel.
    at = {c: rectangle(0, c, 20, 30 - c) for c in (10, 11, 12)}
    assert contour_accuracy(at[11], at[10]) == 1.0
    assert contour_accuracy(at[12], at[10]) == 0.0
    assert contour_accuracy(at[12], at[10], tolerance=0.03) == 1.0


def test_contour_radius_is_a_disk() -> None:
    # Contours are 2x2 blocks, 1.41 apart at the facing corners and then 2.24 > 2 (a square of
    # radius 2 would hold three pixels of each).
    one, other = rectangle(5, 5, 1, 1), rectangle(7, 7, 1, 1)
    assert contour_accuracy(one, other) == 0.0
    assert contour_accuracy(one, other, tolerance=0.04) == 1 / 4


def test_sequence_statistics() -> None:
    values = [1.0, 0.8, 0.6, 0.5, 0.2]  # quarters: frames 0..1, 1..2, 2..3, 3..4
    s = sequence_statistics(values)
    assert (s.mean, s.recall) == (pytest.approx(0.62), 0.6)
    assert s.decay == pytest.approx(0.9 - 0.35)
    assert sequence_statistics([0.7]).decay == 0.0
    with pytest.raises(ValueError, match="at least one frame"):
        sequence_statistics([])


def test_decay_of_a_long_sequence_wraps_its_limits() -> None:
    s = sequence_statistics([1.0] * 300 + [0.0] * 101)  # limits 0, 100, 200, 300 - 256, 400 - 256
    assert s.decay == 0.0
    assert math.isnan(sequence_statistics([1.0] * 300).decay)  # 224 .. 299 - 256 is empty


def test_meter_averages_objects_not_frames() -> None:
    meter = JFMeter()
    for _ in range(3):
        meter.update("a", rectangle(2, 2, 4, 4), rectangle(2, 2, 4, 4))
    meter.update("b", EMPTY, rectangle(2, 2, 4, 4))
    s = meter.compute()
    assert (s.objects, s.region.mean, s.contour.mean, s.mean) == (2, 0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="No frame"):
        JFMeter().compute()


def test_inner_rim_and_its_width() -> None:
    assert rim_width((480, 640)) == 16
    assert rim_width((10, 10)) == 1
    rim = inner_rim(rectangle(3, 3, 6, 8), 2)
    assert rim.sum() == 6 * 8 - 2 * 4
    assert not inner_rim(EMPTY, 2).any()


def test_boundary_iou() -> None:
    truth = rectangle(3, 3, 6, 8)  # rim of width 1: 24 of 48 pixels
    assert boundary_iou(truth, truth) == 1.0
    assert boundary_iou(EMPTY, truth) == 0.0
    assert boundary_iou(EMPTY, EMPTY) == 0.0
    assert boundary_iou(EMPTY, EMPTY, both_empty=1.0) == 1.0
    inside = rectangle(4, 4, 4, 6)  # large overlap, but its rim lies inside the other rim
    assert region_similarity(inside, truth) == 0.5
    assert boundary_iou(inside, truth) == 0.0
