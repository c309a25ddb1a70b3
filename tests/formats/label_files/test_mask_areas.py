"""Run lengths are read as pycocotools reads them, and damaged ones are told."""

from __future__ import annotations

import re
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from vidseg.formats.label_files.run_lengths import mask_area
from vidseg.results import encode_rle


@given(arrays.arrays(np.bool_, some.tuples(some.integers(1, 9), some.integers(1, 9))))
def test_encoded_masks_are_whole(mask: Any) -> None:
    rle = encode_rle(mask)
    assert mask_area(rle, mask.shape) == mask.sum()


@pytest.mark.parametrize(
    ("rle", "words"),
    [
        (None, "no run lengths"),
        ({"size": [2, 3]}, "no run lengths"),
        ({"size": [2], "counts": [6]}, "instead of [height, width]"),
        ({"size": [2, 3.0], "counts": [6]}, "instead of [height, width]"),
        ({"size": [3, 2], "counts": [6]}, "3 x 2 (height x width) instead of 2 x 3"),
        ({"size": [2, 3], "counts": [1, 2, 2]}, "5 pixels in all, and 2 x 3 are 6"),
        ({"size": [2, 3], "counts": [8, -2]}, "a negative run"),
        ({"size": [2, 3], "counts": [6.0]}, "no list of run lengths"),
        ({"size": [2, 3], "counts": "5"}, "5 pixels in all, and 2 x 3 are 6"),
        ({"size": [2, 3], "counts": "o"}, "run-length string"),
        ({"size": [2, 3], "counts": "é"}, "run-length string"),
        ({"size": [2, 3], "counts": 7}, "neither a string nor a list"),
        ({"size": [2, 3], "counts": ""}, "run-length string"),
    ],
)
def test_damaged_masks(rle: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        mask_area(rle, (2, 3))


def test_a_mask_by_hand() -> None:
    # 2 x 3, column by column: one background pixel, two of the object, three of background
    assert mask_area({"size": [2, 3], "counts": [1, 2, 3]}) == 2
    # compressed: each below 16 is one character, 48 + number
    assert mask_area({"size": [2, 3], "counts": "123"}) == 2
