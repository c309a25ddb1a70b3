from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidseg.formats.label_files.brush_rle import decode_brush, encode_brush
from vidseg.formats.label_files.run_lengths import (
    counts_of,
    from_counts,
    from_row_runs,
    from_segmentation,
    row_runs,
)
from vidseg.geometry.masks import decode_rle
from vidseg.results import encode_rle

from .made import id_maps, mask


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_all_run_lengths_give_the_mask_back(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    drawn = data.draw(id_maps([1], size)) > 0
    rle = encode_rle(drawn)
    counts = counts_of(rle)
    assert from_counts(counts, size) == rle
    assert np.array_equal(np.repeat(np.arange(len(counts)) % 2 == 1, counts), drawn.T.ravel())
    assert np.array_equal(from_row_runs(row_runs(drawn), size), drawn)
    assert np.array_equal(decode_brush(encode_brush(drawn), size), drawn)


def test_long_runs() -> None:
    # 300 × 300 × 4 values are more than one block of 65536 holds
    drawn = np.zeros((300, 300), dtype=bool)
    drawn[100:280, 7] = True
    assert np.array_equal(decode_brush(encode_brush(drawn), drawn.shape), drawn)
    assert from_counts(counts_of(encode_rle(drawn)), (300, 300)) == encode_rle(drawn)


def test_runs_along_rows_start_with_background() -> None:
    assert row_runs(mask(".##", "#..")) == [1, 3, 2]
    assert row_runs(mask("##", "..")) == [0, 2, 2]


def test_brush_strokes_of_the_tool_itself() -> None:
    # by hand: 1 × 2 picture, 8 values; the left pixel is unpainted, the right one opaque red:
    # block 1: run (1), size 0 (3 bits), length 4 (011), word 0
    # block 2: words (0), size 0 (3 bits), length 4 (011), words 255 0 0 255
    bits = f"{8:032b}" + f"{7:05b}" + "".join(f"{n - 1:04b}" for n in (3, 4, 8, 16))
    bits += "1" + "00" + "011" + "00000000"
    bits += "0" + "00" + "011" + "11111111" + "00000000" + "00000000" + "11111111"
    bits += "0" * (-len(bits) % 8)
    data = [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]
    assert np.array_equal(decode_brush(data, (1, 2)), mask(".#"))
    with pytest.raises(ValueError, match="damaged"):
        decode_brush(data[:-4], (1, 2))
    with pytest.raises(ValueError, match="do not fill 2 × 2"):
        decode_brush(data, (2, 2))


def test_polygons_are_filled_as_coco_does() -> None:
    from pycocotools import mask as coco

    square = [[0.6, 0.4, 3.2, 0.4, 3.2, 2.7, 0.6, 2.7], [4.0, 0.0, 5.0, 0.0, 5.0, 2.0]]
    expected = coco.decode(coco.merge(coco.frPyObjects(square, 4, 6)))
    assert np.array_equal(decode_rle(from_segmentation(square, (4, 6))), expected)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [2, 2], "counts": [1, 2]}, "runs of 3 pixels in all, which does not fill 2 × 2"),
        ({"size": [2, 2], "counts": [5, -1]}, "a negative run"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "no list of run lengths"),
        ({"size": [2, 3], "counts": [6]}, "the mask is 2 × 3"),
        ({"size": [2, math.inf], "counts": [4]}, "the mask is of the size"),
        ({"size": "2", "counts": [4]}, "the mask is of the size '2'"),
        ({"counts": [4]}, "the mask is of the size None"),
        ({"size": [2, 2], "counts": {"a": 1}}, "neither a text nor a list"),
        ({"size": [2, 2]}, "neither a text nor a list"),
        ({"size": [2, 2], "counts": [1 << 62, 1 << 62, 1 << 62, (1 << 62) + 4]}, "a run of"),
        ({"size": [2, 2], "counts": [1 << 70]}, "no list of run lengths"),
        ({"size": [2, 2], "counts": ["4"]}, "no list of run lengths"),
        ([[0, 0, 1, 0, 1e9, 1]], "has the coordinate 1e.09, far outside of its picture of 2 × 2"),
        ([[0, 0, 1, 0, 1, -1e9]], "the coordinate -1e.09, far outside"),
        ([[0, 0, 1, 0, 1e300, 1]], "the coordinate 1e.300, far outside"),
        ([[0, 0, 1, 0, math.inf, 1]], "not finite"),
        ([[0, 0, 1, 0, math.nan, 1]], "not finite"),
        ([[0, 900, 900, 0] * 3000], "an outline of 5400000 pixels"),
        ([[0, 0, 1, 0, 1]], "at least three points"),
        ([[0, 0, 1, 0]], "at least three points"),
        ([[0, 0, 1, 0, "1", 1]], "needs numbers x, y"),
        ([[0, 0, 1, 0, 10**400, 1]], "needs numbers x, y"),
        ([[[0, 0], [1]]], "needs numbers x, y"),
        ([0, 0, 1, 0, 1, 1], "needs numbers x, y"),
        (None, "neither polygons nor run lengths"),
        ({"size": [2, 2], "counts": "!!"}, "no whole run-length string"),
        ({"size": [2, 2], "counts": "1"}, "does not fill"),
        ([[1, 2, 3, 4]], "three points"),
        ([[1, 2, 3, 4, 5, float("inf")]], "not finite"),
        ("nothing", "neither"),
    ],
)
def test_damaged_masks(segmentation: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_segmentation(segmentation, (2, 2))
