"""Contours, dilation and meters of J and F against hand-worked values and the plain definition."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidseg.metrics.contours import Contour, Transitions, count_close, disk, shared_areas
from vidseg.metrics.jf import JFMeter, region_similarity, score_pairs
from vidseg.metrics.late_objects import LateObjectMeter
from vidseg.metrics.mosev2 import MoseV2Meter, ObjectFrames
from vidseg.metrics.proposals import ProposalMeter

from .plain_measures import contour_accuracy

Map = npt.NDArray[np.uint8]


@st.composite
def maps(draw: st.DrawFn, number: int = 2) -> list[Map]:
    """Blocky maps of one size with labels 0..3: wide enough for more than one word a row."""
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 150))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = draw(st.sampled_from([1, 3, 9]))
    small = rng.integers(0, 4, (number, -(-height // scale), -(-width // scale)))
    large = small.repeat(scale, axis=1).repeat(scale, axis=2)[:, :height, :width]
    return list(large.astype(np.uint8))


def plain_contour(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pixel by pixel, with the outer neighbours equal to the pixel next to them."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    neighbours = (padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:])
    differs: list[npt.NDArray[np.bool_]] = [mask ^ other for other in neighbours]
    edge: npt.NDArray[np.bool_] = differs[0] | differs[1] | differs[2]
    return edge


def plain_close(first: Contour, second: Contour, near: set[tuple[int, int]]) -> tuple[int, int]:
    a, b = ({(int(y), int(x)) for y, x in zip(c.y, c.x, strict=True)} for c in (first, second))

    def count(own: set[tuple[int, int]], other: set[tuple[int, int]]) -> int:
        return sum(any((y + dy, x + dx) in other for dy, dx in near) for y, x in own)

    return count(a, b), count(b, a)


def grid_disk(radius: float) -> set[tuple[int, int]]:
    """The disk of scikit-image with its centre at length // 2; for none the first pixel."""
    grid = [-radius + k for k in range(math.ceil(2 * radius + 1))]
    half = len(grid) // 2
    return {
        (i - half, j - half)
        for i, y in enumerate(grid)
        for j, x in enumerate(grid)
        if x**2 + y**2 <= radius**2
    } or {(-half, -half)}


@given(maps(1))
def test_contours_of_all_labels_at_once(drawn: list[Map]) -> None:
    found = Transitions(drawn[0])
    assert found.labels == sorted({int(v) for v in drawn[0].ravel()} - {0})
    for label in (1, 2, 3, 200):
        edge = np.zeros(drawn[0].shape, bool)
        edge[found.contour(label).y, found.contour(label).x] = True
        assert (edge == plain_contour(drawn[0] == label)).all()


@given(maps(), st.sampled_from([0, 1, 2, 3, 5, 8, 0.5, 0.7, 1.3, 2.5, 7.84]))
@settings(max_examples=60, deadline=None)
def test_close_pixels_are_those_of_the_plain_definition(drawn: list[Map], radius: float) -> None:
    first, second = (Transitions(labels).contour(1) for labels in drawn)
    want = plain_close(first, second, grid_disk(radius))
    assert count_close(first, second, disk(radius)) == want


@pytest.mark.parametrize("radius", [0, 1, 4, 8, 17, 36, 70, 0.5, 0.7, 7.84, 18.3])
def test_disk_holds_the_pixels_of_its_definition(radius: float) -> None:
    rows = disk(radius).rows
    pixels = {(dy, dx) for dy, first, last in rows for dx in range(first, last + 1)}
    assert pixels == grid_disk(radius)
    for (_, first, last), (_, start, stop) in pairwise(rows):
        assert start <= first <= last <= stop


def test_dilation_reaches_over_words_and_stays_in_its_row() -> None:
    # One pixel at the end of a row of 200, one at the start of the next row: 199 apart.
    y, x = np.array([0]), np.array([199])
    end, start = Contour(y, x), Contour(y + 1, x - 199)
    assert count_close(end, start, disk(70)) == (0, 0)
    # 70 pixels to the left, across a word's border; 71 are too many.
    assert count_close(end, Contour(y, x - 70), disk(70)) == (1, 1)
    assert count_close(end, Contour(y, x - 71), disk(70)) == (0, 0)


@given(maps())
def test_areas_of_all_pairs(drawn: list[Map]) -> None:
    a, b = drawn
    areas, others, shared = shared_areas(Transitions(a), Transitions(b), [1, 3], [2, 3, 9])
    assert areas.tolist() == [int((a == k).sum()) for k in (1, 3)]
    assert others.tolist() == [int((b == k).sum()) for k in (2, 3, 9)]
    assert shared.tolist() == [
        [int(((a == p) & (b == g)).sum()) for g in (2, 3, 9)] for p in (1, 3)
    ]


@given(maps())
def test_scores_of_label_maps_are_those_of_masks(drawn: list[Map]) -> None:
    pairs = [(1, 1), (2, 3), (3, 3), (200, 201)]
    region, accuracy = score_pairs(Transitions(drawn[0]), Transitions(drawn[1]), pairs)
    masks = [(drawn[0] == p, drawn[1] == g) for p, g in pairs]
    assert region.tolist() == [region_similarity(p, g) for p, g in masks]
    assert accuracy.tolist() == [contour_accuracy(p, g) for p, g in masks]
    assert (region[3], accuracy[3]) == (1.0, 1.0)  # absent from both


def test_maps_that_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="uint8"):
        Transitions(np.zeros((2, 2), np.int32))
    with pytest.raises(ValueError, match="one size"):
        score_pairs(row(1), row(1, 1), [(1, 1)])
    with pytest.raises(ValueError, match="radius"):
        disk(-1)


def row(*labels: int) -> Transitions:
    return Transitions(np.array([labels], np.uint8))


def strip(*labels: int) -> Map:
    """[2, 100 N] map of columns of 100 pixels: too far apart for contours to meet."""
    return np.repeat(np.array([labels, labels], np.uint8), 100, axis=1)


def test_merged_meters_are_one_meter() -> None:
    half, full = strip(1, 0) > 0, strip(1, 1) > 0
    apart = [JFMeter(), JFMeter()]
    apart[0].update("a", half, full)
    apart[1].update("a", full, full)
    apart[1].update("b", half, half)
    whole = JFMeter()
    for key, predicted_map, true_map in (("a", half, full), ("a", full, full), ("b", half, half)):
        whole.update(key, predicted_map, true_map)
    sent: JFMeter = pickle.loads(pickle.dumps(apart[1]))
    apart[0].merge(sent)
    assert apart[0].region == whole.region == {"a": [0.5, 1.0], "b": [1.0]}
    assert apart[0].compute() == whole.compute()
    assert whole.compute().region.mean == (0.75 + 1) / 2


def test_proposals_are_assigned_over_the_whole_video() -> None:
    # Frame 1: proposal 1 lies on object 2 and proposal 2 on object 1; frame 2 keeps that but for
    # proposal 2, which is gone. (1, 2): J = F = 1, 1. (2, 1): J = F = 1, 0.
    meter = ProposalMeter()
    meter.start_video("v")
    meter.update(strip(2, 0, 1, 0), strip(1, 0, 2, 0))
    meter.update(strip(0, 0, 1, 0), strip(1, 0, 2, 0))
    assert meter.assigned().region == {("v", "1"): [1.0, 1.0], ("v", "2"): [1.0, 0.0]}
    assert meter.compute().mean == 0.75


def test_missing_proposals_are_empty_and_extra_ones_cost_nothing() -> None:
    meter = ProposalMeter()
    meter.start_video("none")
    meter.update(strip(0, 0), strip(1, 0))
    meter.start_video("many")
    meter.update(strip(4, 9, 5), strip(0, 1, 0))
    # Row 9 is the only one with a value; the others tie at 0 and are not listed.
    assert meter.assigned().region == {("none", "1"): [0.0], ("many", "1"): [1.0]}


def test_void_leaves_both_maps() -> None:
    meter = ProposalMeter()
    meter.start_video("v")
    meter.update(strip(1, 1, 0, 1), strip(1, 1, 0, 255))
    assert meter.compute().mean == 1.0
    with pytest.raises(ValueError, match="1 to 20; got 21"):
        meter.update(strip(21), strip(1))
    with pytest.raises(ValueError, match="sizes"):
        meter.update(strip(1), strip(1, 1))


def test_merged_proposals() -> None:
    meters = [ProposalMeter(), ProposalMeter()]
    for name, meter in zip("ab", meters, strict=True):
        meter.start_video(name)
        meter.update(strip(1, 0), strip(1, 0))
    meters[0].merge(pickle.loads(pickle.dumps(meters[1])))
    assert list(meters[0].assigned().region) == [("a", "1"), ("b", "1")]


def test_a_late_object_starts_where_either_map_shows_it() -> None:
    meter = LateObjectMeter()
    meter.start_video("v")
    for predicted_map, true_map in ((0, 0), (7, 0), (7, 7), (0, 7)):
        meter.update(strip(predicted_map, 0, 99), strip(true_map, 0, 0))
    # 7: from frame 1 on, where only the prediction has it; 99 is never in the truth.
    assert meter.finished().region == {("v", "7"): [0.0, 1.0, 0.0]}
    assert meter.strays == {("v", "99")}
    other = LateObjectMeter()
    other.start_video("w")
    other.update(strip(255, 3), strip(255, 0))
    meter.merge(other)
    assert meter.strays == {("v", "99"), ("w", "3")}
    assert meter.compute().objects == 2
    assert meter.compute().mean == pytest.approx((1 / 3 + 1) / 2)


def test_mosev2_counts_one_pixel_more() -> None:
    meter = MoseV2Meter()
    meter.update({"a": 1}, strip(1, 0), strip(1, 1))  # I = 200, U = 400
    assert meter.objects["a"].region == [201 / 401]
    meter.update({"a": 1}, strip(0, 0), strip(0, 0))
    assert meter.objects["a"].region[1] == 1.0
    with pytest.raises(ValueError, match="Both meters"):
        meter.merge(meter)
    with pytest.raises(ValueError, match="No frame"):
        MoseV2Meter().compute()


def test_mosev2_tolerances() -> None:
    # 300 x 400: 0.008 of the diagonal is 4 pixels. A mask of 10 x 10 may be off by ceil(1) = 1.
    true_map, predicted_map = np.zeros((2, 300, 400), np.uint8)
    true_map[100:110, 100:110] = 1
    predicted_map[100:110, 103:113] = 1
    meter = MoseV2Meter()
    meter.update({"a": 1}, predicted_map, true_map)
    frame = meter.objects["a"]
    assert frame.contour == [1.0]
    assert frame.strict == [contour_accuracy(predicted_map > 0, true_map > 0, tolerance=1 / 500)]
    assert frame.strict[0] < 1


def test_mosev2_stretches() -> None:
    one = ObjectFrames(
        region=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        strict=[0.3, 0.2, 0.3, 0.4, 0.5, 0.6],
        absent=[True, False, True, True, False, False],
    )
    assert one.gone() == [(2, 4)]  # not the start, before which it never was
    assert one.back() == [(1, 2), (4, 6)]
    assert one.over(one.gone()) == pytest.approx(0.35)
    assert one.over(one.back()) == pytest.approx((0.2 + 0.55) / 2)
    assert math.isnan(ObjectFrames([1.0], [1.0], [1.0], [False]).over([]))
