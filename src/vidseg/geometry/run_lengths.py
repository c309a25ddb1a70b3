"""Many run-length encoded masks at once: checked, decoded to runs, never to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_Numbers = npt.NDArray[np.int32]
_Codes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]

_LONGEST = 7  # characters of a number: 30 bits and the sign suffice, as sums are checked


class RunLengthError(ValueError):
    """A mask that cannot be read.

    Attributes:
        index: which of the masks.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


@dataclass(frozen=True, eq=False)
class Runs:
    """Foreground runs of N masks of one size, in column-major order.

    Pixels are counted through all masks: mask ``i`` has those from ``i * pixels`` on.

    Attributes:
        starts, ends: [R] pixel numbers, ascending, end exclusive; no run is empty.
        first: [N + 1] where the runs of each mask begin.
        areas: [N] pixels of the foreground.
        pixels: of every mask, foreground and background.
    """

    starts: Integers
    ends: Integers
    first: Integers
    areas: Integers
    pixels: int

    def of_mask(self, index: int) -> list[tuple[int, int]]:
        """(start, end) of the runs of one mask, counted from its own first pixel."""
        low, high = self.first[index : index + 2]
        shift = index * self.pixels
        starts, ends = self.starts[low:high] - shift, self.ends[low:high] - shift
        return list(zip(starts.tolist(), ends.tolist(), strict=True))

    def boxes(self, height: int) -> Integers:
        """[N, 4] xyxy boxes around the foreground, far corner exclusive; zeros around nothing."""
        boxes = np.zeros((len(self.areas), 4), np.int64)
        filled = np.flatnonzero(self.areas)
        if len(filled) == 0:
            return boxes
        shift = np.repeat(np.arange(len(self.areas)) * self.pixels, np.diff(self.first))
        left, top = np.divmod(self.starts - shift, height)
        right, bottom = np.divmod(self.ends - shift - 1, height)
        whole = left < right  # the run goes on in the next column
        top[whole], bottom[whole] = 0, height - 1
        at = self.first[filled]
        for side, values in enumerate((left, top)):
            boxes[filled, side] = np.minimum.reduceat(values, at)
        for side, values in enumerate((right, bottom)):
            boxes[filled, side + 2] = np.maximum.reduceat(values, at) + 1
        return boxes


def read_runs(masks: Sequence[str | Sequence[int]], pixels: int) -> Runs:
    """The runs of masks of one size.

    Args:
        masks: COCO's ``counts``, each compressed (a string) or not (lengths, background first).
        pixels: height times width of every mask, below 2^31.

    Raises:
        RunLengthError: a string that is broken, a negative length, or lengths that do not sum up
            to ``pixels``.

    >>> runs = read_runs([[1, 2, 3], [0, 6]], pixels=6)
    >>> runs.starts.tolist(), runs.ends.tolist(), runs.areas.tolist()
    ([1, 6], [3, 12], [2, 6])
    """
    if not masks:
        nothing = np.zeros(0, np.int64)
        return Runs(nothing, nothing, np.zeros(1, np.int64), nothing, pixels)
    packed = [
        mask if isinstance(mask, str) else _compress(index, mask, pixels)
        for index, mask in enumerate(masks)
    ]
    off, on, rows = _lengths(*_numbers(packed))
    areas = np.add.reduceat(on, rows[:-1], dtype=np.int64)
    totals = areas + np.add.reduceat(off, rows[:-1], dtype=np.int64)
    if min(off.min(), on.min()) < 0 or (totals != pixels).any():
        raise _unequal(totals, (off < 0) | (on < 0), rows, pixels)
    filled = on > 0
    counted = np.concatenate([[0], np.cumsum(filled)])
    ends = np.cumsum(off + on, dtype=np.int64)[filled]
    return Runs(ends - on[filled], ends, counted[rows], areas, pixels)


def _unequal(totals: Integers, negative: _Flags, rows: Integers, pixels: int) -> RunLengthError:
    negatives = np.logical_or.reduceat(negative, rows[:-1])
    index = int(np.flatnonzero(negatives | (totals != pixels))[0])
    return RunLengthError(index, _reason(int(totals[index]), bool(negatives[index])))


def _reason(total: int, negative: bool) -> str:
    return "has a negative run" if negative else f"has runs of {total} pixels in all"


def _compress(index: int, lengths: Sequence[int], pixels: int) -> str:
    """COCO's string of a list of run lengths."""
    from pycocotools import mask as coco

    try:
        array = np.array(lengths)
    except ValueError:  # lists within the list
        array = np.zeros(0)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind != "i":
        raise RunLengthError(index, "is no list of run lengths")
    if array.min() < 0 or array.sum() != pixels:
        raise RunLengthError(index, _reason(int(array.sum()), bool(array.min() < 0)))
    packed = coco.frPyObjects([{"size": [pixels, 1], "counts": array}], pixels, 1)
    counts: bytes = packed[0]["counts"]
    return counts.decode("ascii")


def _numbers(masks: Sequence[str]) -> tuple[_Numbers, Integers]:
    """The numbers written in the strings [M], and where those of each string begin [N + 1].

    Each character holds five bits, least first, and whether the number goes on; the highest bit of
    the last one is the sign.
    """
    borders = np.fromiter(accumulate(map(len, masks), initial=0), np.int64, len(masks) + 1)
    try:
        text = np.frombuffer("".join(masks).encode("ascii"), np.uint8)
    except UnicodeEncodeError:
        strange = next(index for index, mask in enumerate(masks) if not mask.isascii())
        raise RunLengthError(strange, "is no run-length string") from None
    codes = text - np.uint8(48)  # what lies below wraps around to large codes
    last = (codes & 32) == 0
    if (borders[1:] == borders[:-1]).any() or codes.max() > 63 or not last[borders[1:] - 1].all():
        raise RunLengthError(_first_broken(codes, last, borders), "is no whole run-length string")
    numbers = _signed(codes)[last].astype(np.int32)
    goes_on = np.flatnonzero(~last)
    # The characters before one that are not the last of their number belong to earlier numbers or
    # its own, so what they leave of its place is the place of the number.
    at = goes_on - np.arange(len(goes_on))
    first = borders - np.searchsorted(goes_on, borders)
    before = last[goes_on + 1]
    goes_on, at = goes_on[before], at[before]
    for _ in range(_LONGEST - 1):
        if len(goes_on) == 0:
            return numbers, first
        numbers[at] = (numbers[at] << np.int32(5)) + (codes[goes_on] & 31)
        goes_on = goes_on - 1
        longer = ~last[goes_on]  # before the first character it looks at the last one of all
        goes_on, at = goes_on[longer], at[longer]
    if len(goes_on):
        index = int(np.searchsorted(borders, goes_on[0], "right")) - 1
        raise RunLengthError(index, "holds a number that is too large")
    return numbers, first


def _signed(codes: _Codes) -> npt.NDArray[np.int8]:
    """The lowest five bits as a number in -16..15."""
    return (codes << np.uint8(3)).view(np.int8) >> np.int8(3)


def _first_broken(codes: _Codes, last: _Flags, borders: Integers) -> int:
    for index, (low, high) in enumerate(pairwise(borders)):
        if low == high or (codes[low:high] > 63).any() or not last[high - 1]:
            return index
    raise AssertionError("called for strings that are whole")


def _lengths(numbers: _Numbers, first: Integers) -> tuple[_Numbers, _Numbers, Integers]:
    """Run lengths from numbers of which all but the first three are relative to the last but one.

    Sums may wrap around at 32 bits on the way; the lengths that come out are right again.

    Returns:
        (background [R], foreground [R] that follows it, [N + 1] where the rows of a mask begin).
    """
    amount = np.diff(first)
    per_mask = (amount + 1) // 2
    rows = np.concatenate([[0], np.cumsum(per_mask)])
    short = np.flatnonzero(amount & 1)  # these end with background: an empty foreground is added
    padding = 2 * rows[short + 1] - 1
    padded = np.zeros(2 * rows[-1], np.int32)
    given = np.ones(len(padded), bool)
    given[padding] = False
    padded[given] = numbers
    opening = padded[2 * rows[:-1]]
    padded[2 * rows[:-1]] = 0  # the third number is not relative to the first
    off = _cumulate(padded[0::2], rows, per_mask)
    on = _cumulate(padded[1::2], rows, per_mask)
    off[rows[:-1]] = opening
    on[rows[short + 1] - 1] = 0
    return off, on, rows


def _cumulate(steps: _Numbers, rows: Integers, per_mask: Integers) -> _Numbers:
    """Cumulative sums that begin anew with each mask."""
    sums = np.cumsum(steps, dtype=np.int32)
    before = np.zeros(len(per_mask), np.int32)
    before[1:] = sums[rows[1:-1] - 1]
    sums -= np.repeat(before, per_mask)
    return sums
