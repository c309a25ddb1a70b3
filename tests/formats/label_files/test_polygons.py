from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vidseg.formats.label_files.polygons import fill, joined, trace

from .made import id_maps, mask

sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_traced_mask_is_filled_bit_for_bit(data: st.DataObject) -> None:
    size = data.draw(sizes)
    drawn = data.draw(id_maps([1], size)) > 0
    outline = trace(drawn)
    assert np.array_equal(fill(outline.rings, size), drawn)
    assert outline.parts == ndimage.label(drawn, np.ones((3, 3)))[1]
    outside = np.pad(~drawn, 1, constant_values=True)
    assert outline.holes == ndimage.label(outside)[1] - 1
    if outline.rings:
        one = joined(outline.rings)
        assert np.array_equal(fill([one], size), drawn)
        shares = np.round(one / [size[1], size[0]], 7)
        assert np.array_equal(fill([shares * [size[1], size[0]]], size), drawn)


def test_one_pixel_is_a_square_of_four_points() -> None:
    outline = trace(mask("...", ".#."))
    assert [ring.tolist() for ring in outline.rings] == [[[1, 1], [2, 1], [2, 2], [1, 2]]]


def test_a_ring_has_a_hole_that_runs_the_other_way() -> None:
    outline = trace(mask("###", "#.#", "###"))
    assert (outline.parts, outline.holes) == (1, 1)
    outer, hole = (ring.tolist() for ring in outline.rings)
    assert outer == [[0, 0], [3, 0], [3, 3], [0, 3]]
    assert hole == [[1, 2], [2, 2], [2, 1], [1, 1]]


def test_pixels_that_touch_at_a_corner_are_one_ring() -> None:
    assert trace(mask("#.", ".#")).parts == 1
    assert trace(mask(".#", "#.")).parts == 1
    assert trace(mask("#..", "..#")).parts == 2


def test_a_pixel_is_inside_where_its_centre_is() -> None:
    # The triangle (0, 0) (4, 0) (0, 4) has the diagonal x + y = 4: centres (c + .5, r + .5) with
    # c + r + 1 < 4 are inside; on the diagonal, c + r = 3, they belong to the larger x: outside.
    assert np.array_equal(
        fill([[(0, 0), (4, 0), (0, 4)]], (4, 4)), mask("###.", "##..", "#...", "....")
    )
    # the other half has its diagonal on the smaller side of x, so that centres on it are inside
    assert np.array_equal(
        fill([[(4, 0), (4, 4), (0, 4)]], (4, 4)), mask("...#", "..##", ".###", "####")
    )


def test_polygons_may_leave_the_picture_and_meet() -> None:
    far = [(-9, -9), (99, -9), (99, 1), (-9, 1)]
    assert np.array_equal(fill([far], (2, 3)), mask("###", "..."))
    assert not fill([far, far], (2, 3)).any()


@pytest.mark.parametrize("ring", [[(0, 0), (1, 1)], [(0, 0), (1, float("nan")), (2, 2)]])
def test_no_polygon(ring: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="polygon"):
        fill([ring], (2, 2))
