"""Many run-length masks decoded at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from vidseg.geometry.run_lengths import RunLengthError, read_runs
from vidseg.results import encode_rle
from vidseg.types import MaskArray

masks_of_one_size = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: st.lists(arrays(bool, size), min_size=1, max_size=5)
)


def uncompressed(mask: MaskArray) -> list[int]:
    """Lengths of the runs down the columns, background first."""
    flat = np.concatenate([[False], mask.ravel(order="F")])
    borders = np.flatnonzero(np.diff(flat.astype(np.int8)))
    return [int(length) for length in np.diff(np.concatenate([[0], borders, [mask.size]]))]


@given(masks_of_one_size, st.randoms())
def test_runs_are_the_pixels(masks: list[MaskArray], random: object) -> None:
    choose = getattr(random, "random")  # noqa: B009 - the strategy has no public type
    counts = [
        encode_rle(mask)["counts"] if choose() < 0.5 else uncompressed(mask) for mask in masks
    ]
    runs = read_runs(counts, masks[0].size)
    for index, mask in enumerate(masks):
        flat: npt.NDArray[np.bool_] = np.zeros(mask.size, bool)
        for start, end in runs.of_mask(index):
            flat[start:end] = True
        assert (flat.reshape(mask.shape, order="F") == mask).all()
        assert runs.areas[index] == np.count_nonzero(mask)


@given(st.lists(st.lists(st.integers(0, 2**26), min_size=1, max_size=9), min_size=1, max_size=4))
def test_numbers_of_many_characters_are_read(lengths: list[list[int]]) -> None:
    """Up to 26 bits and their differences, so numbers of one to six characters of both signs."""
    pixels = max(map(sum, lengths)) + 1
    whole = [[*each, pixels - sum(each)] for each in lengths]
    packed = [
        coco.frPyObjects([{"size": [pixels, 1], "counts": each}], pixels, 1)[0]["counts"].decode()
        for each in whole
    ]
    runs = read_runs(packed, pixels)
    for index, each in enumerate(whole):
        borders = np.cumsum(each)
        # The last run of background has no foreground after it where the amount is odd.
        pairs = zip(borders[0::2].tolist(), borders[1::2].tolist(), strict=False)
        assert runs.of_mask(index) == [(start, end) for start, end in pairs if start < end]


@given(masks_of_one_size)
def test_boxes_are_those_of_coco(masks: list[MaskArray]) -> None:
    packed = [encode_rle(mask) for mask in masks]
    runs = read_runs([each["counts"] for each in packed], masks[0].size)
    x, y, width, height = coco.toBbox([dict(each) for each in packed]).T
    want = np.stack([x, y, x + width, y + height], axis=1)
    assert (runs.boxes(masks[0].shape[0]) == want).all()


def test_long_runs_take_several_characters() -> None:
    mask = np.zeros((1000, 2000), bool)
    mask[3:7, 1900] = mask[5, 1950] = True
    runs = read_runs([encode_rle(mask)["counts"]], mask.size)
    assert runs.of_mask(0) == [(1_900_003, 1_900_007), (1_950_005, 1_950_006)]


def test_no_mask() -> None:
    runs = read_runs([], 6)
    assert len(runs.areas) == 0 and runs.first.tolist() == [0]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("", "whole"),
        ("1é", "run-length string"),
        ("1 2", "whole"),
        ("1Q", "whole"),  # the last character says that the number goes on
        ("QQQQQQQQ1", "too large"),
        ("15", "6 pixels in all"),
        ("1M", "negative"),  # runs of 1 and -3
        ([1, 5], "6 pixels in all"),
        ([8, -1], "negative"),
        ([], "no list"),
        ([1.5, 5.5], "no list"),
        ([[1], [2, 3]], "no list"),
    ],
)
def test_broken_masks_are_named(broken: str | list[int], words: str) -> None:
    with pytest.raises(RunLengthError, match=words) as caught:
        read_runs([[7], [3, 4], broken, [7]], 7)
    assert caught.value.index == 2


@given(st.lists(st.text(alphabet=[chr(code) for code in range(45, 115)], max_size=6), min_size=1))
def test_any_string_is_read_or_refused(strings: list[str]) -> None:
    """What is accepted fills the picture exactly, so that nothing beyond it is ever touched."""
    try:
        runs = read_runs(strings, 12)
    except RunLengthError:
        return
    for index in range(len(strings)):
        assert all(0 <= start < end <= 12 for start, end in runs.of_mask(index))


def test_a_part_counts_from_its_own_first_mask() -> None:
    runs = read_runs([[1, 2, 3], [6], [0, 1, 4, 1]], pixels=6)
    part = runs.part(1, 3)
    assert part.areas.tolist() == [0, 2]
    assert part.of_mask(0) == [] and part.of_mask(1) == [(0, 1), (5, 6)]
    assert part.starts.tolist() == [6, 11] and part.first.tolist() == [0, 0, 2]
    assert len(runs.part(3, 3).areas) == 0
