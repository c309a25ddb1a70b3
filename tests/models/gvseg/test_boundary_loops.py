"""Runs, loops and evenly spaced points, against plain code and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from vidseg.models.gvseg.boundary_loops import boundary_points, find_runs

from .. import plain_descriptor as plain

Stack = arrays(
    np.bool_,
    st.tuples(st.integers(1, 3), st.integers(1, 11), st.integers(1, 19)),
)


def drawn(*rows: str) -> Tensor:
    return torch.tensor([[character == "#" for character in row] for row in rows])[None]


@settings(deadline=None, max_examples=150)
@given(masks=Stack, points=st.integers(1, 60))
def test_points_equal_those_of_a_plain_walk(masks: plain.Mask, points: int) -> None:
    found = boundary_points(find_runs(torch.from_numpy(masks)), points)
    for mask, anchors in zip(masks, found.tolist(), strict=True):
        expected = plain.boundary_points(mask, points) or [(0, 0)] * points
        assert [tuple(anchor) for anchor in anchors] == expected


@settings(deadline=None, max_examples=60)
@given(masks=Stack)
def test_runs_rebuild_the_masks(masks: plain.Mask) -> None:
    runs = find_runs(torch.from_numpy(masks))
    rebuilt = np.zeros_like(masks)
    for mask, row, begin, end in zip(runs.mask, runs.row, runs.begin, runs.end, strict=True):
        rebuilt[mask, row, begin:end] = True
    assert (rebuilt == masks).all()


@settings(deadline=None, max_examples=60)
@given(masks=Stack)
def test_points_lie_where_a_3x3_erosion_takes_away(masks: plain.Mask) -> None:
    given_masks = torch.from_numpy(masks)
    padded = torch.nn.functional.pad(given_masks.float(), (1, 1, 1, 1))
    eroded = -torch.nn.functional.max_pool2d(-padded, 3, stride=1) > 0
    contour = given_masks & ~eroded
    x, y = boundary_points(find_runs(given_masks), 97).unbind(-1)
    on_contour = contour[torch.arange(len(masks))[:, None], y, x].all(1)
    assert (on_contour | ~given_masks.flatten(1).any(1)).all()


def test_a_square_is_walked_clockwise_from_its_upper_left() -> None:
    # 8 cracks: left side of the upper row up, its top, top and right side of (2, 1), and so on.
    mask = drawn("....", ".##.", ".##.", "....")
    walk = boundary_points(find_runs(mask), 8)[0].tolist()
    assert walk == [[1, 1], [1, 1], [2, 1], [2, 1], [2, 2], [2, 2], [1, 2], [1, 2]]


def test_short_boundaries_repeat_evenly() -> None:
    # 4 cracks, 10 points: crack floor(4 k / 10) = 0 0 0 1 1 2 2 2 3 3; all are of one pixel.
    assert boundary_points(find_runs(drawn("...", ".#.", "...")), 10).tolist() == [[[1, 1]] * 10]
    # A row of two: left, top, top, right, bottom, bottom; 12 points take each crack twice.
    pair = boundary_points(find_runs(drawn("....", ".##.")), 12)[0, :, 0].tolist()
    assert pair == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1]


def test_pixels_that_touch_by_a_corner_share_a_loop() -> None:
    # Left, top and right side of (0, 0), all of (1, 1), then the bottom of (0, 0).
    falling = boundary_points(find_runs(drawn("#.", ".#")), 8)[0].tolist()
    assert falling == [[0, 0]] * 3 + [[1, 1]] * 4 + [[0, 0]]
    # Left, top, right and bottom of (1, 0), then from right to top of (0, 1).
    rising = boundary_points(find_runs(drawn(".#", "#.")), 8)[0].tolist()
    assert rising == [[1, 0]] * 4 + [[0, 1]] * 4


def test_holes_and_components_come_in_raster_order() -> None:
    # Ring: 12 cracks outside, 4 around the hole (pixels left, below, right and above it); then a
    # pixel with 4. Its first vertical crack comes after the ring's, but before that of the hole.
    mask = drawn("###.#", "#.#..", "###..")
    walk = boundary_points(find_runs(mask), 20)[0].tolist()
    assert walk[:3] == [[0, 0], [0, 0], [1, 0]]
    assert walk[12:16] == [[4, 0]] * 4
    assert sorted(walk[16:]) == [[0, 1], [1, 0], [1, 2], [2, 1]]


@pytest.mark.parametrize("size", [(0, 5, 8), (2, 0, 8), (2, 3, 3)])
def test_nothing_gives_zeros(size: tuple[int, int, int]) -> None:
    anchors = boundary_points(find_runs(torch.zeros(size, dtype=torch.bool)), 7)
    assert anchors.shape == (size[0], 7, 2)
    assert not anchors.any()


def test_masks_may_be_views_that_do_not_begin_at_a_word() -> None:
    masks = torch.rand(5, 4, 8, generator=torch.Generator().manual_seed(0)) > 0.4
    wide = torch.zeros(5, 4, 9, dtype=torch.bool)
    wide[:, :, 1:] = masks
    shifted = torch.cat([torch.zeros(3, dtype=torch.bool), masks.flatten()])[3:].view(5, 4, 8)
    expected = boundary_points(find_runs(masks), 30)
    assert torch.equal(boundary_points(find_runs(wide[:, :, 1:]), 30), expected)
    assert torch.equal(boundary_points(find_runs(shifted), 30), expected)
