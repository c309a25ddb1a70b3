"""Many run-length encoded masks at once: checked, decoded to runs, never to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_Numbers = npt.NDArray[np.int32]
_Codes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]

_MOST_PIXELS = 1 << 31
_GOES_ON = 32  # the bit of a code that says that its number goes on
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

    def part(self, low: int, high: int) -> Runs:
        """The masks from ``low`` to before ``high``, counted from 0 on."""
        some = slice(self.first[low], self.first[high])
        shift = low * self.pixels
        return Runs(
            self.starts[some] - shift,
            self.ends[some] - shift,
            self.first[low : high + 1] - self.first[low],
            self.areas[low:high],
            self.pixels,
        )

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
        RunLengthError: a string that is broken, a negative length, lengths that do not sum up to
            ``pixels``, or more pixels than that.

    >>> runs = read_runs([[1, 2, 3], [0, 6]], pixels=6)
    >>> runs.starts.tolist(), runs.ends.tolist(), runs.areas.tolist()
    ([1, 6], [3, 12], [2, 6])
    """
    if not masks:
        nothing = np.zeros(0, np.int64)
        return Runs(nothing, nothing, np.zeros(1, np.int64), nothing, pixels)
    if pixels >= _MOST_PIXELS:
        raise RunLengthError(0, f"has {pixels} pixels, more than can be counted")
    packed = [
        mask if isinstance(mask, str) else _compress(index, mask, pixels)
        for index, mask in enumerate(masks)
    ]
    numbers, rows, odd = _numbers(packed)
    off, on = _lengths(numbers, rows, odd)
    areas = np.add.reduceat(on, rows[:-1], dtype=np.int64)
    totals = areas + np.add.reduceat(off, rows[:-1], dtype=np.int64)
    if min(off.min(), on.min()) < 0 or (totals != pixels).any():
        raise _unequal(totals, (off < 0) | (on < 0), rows, pixels)
    ends = np.cumsum(off + on, dtype=np.int64)
    filled = np.flatnonzero(on)
    lengths, ends = on.take(filled), ends.take(filled)
    return Runs(ends - lengths, ends, np.searchsorted(filled, rows), areas, pixels)


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
    except (ValueError, RecursionError):  # lists within the list
        array = np.zeros(0)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind != "i":
        raise RunLengthError(index, "is no list of run lengths")
    if array.min() >= 0 and array.max() > pixels:  # before a sum that may wrap around
        raise RunLengthError(index, f"has a run of {array.max()} pixels")
    if array.min() < 0 or array.sum() != pixels:
        raise RunLengthError(index, _reason(int(array.sum()), bool(array.min() < 0)))
    packed = coco.frPyObjects([{"size": [pixels, 1], "counts": array}], pixels, 1)
    counts: bytes = packed[0]["counts"]
    return counts.decode("ascii")


def _numbers(masks: Sequence[str]) -> tuple[_Numbers, Integers, _Flags]:
    """The numbers written in the strings, of each string an even amount.

    Each character holds five bits, least first, and whether the number goes on; the highest bit of
    the last one is the sign.

    Returns:
        (numbers [2R], [N + 1] where the pairs of each string begin, [N] strings of an odd amount,
        to which a zero was added).
    """
    sizes = np.fromiter(map(len, masks), np.int64, len(masks))
    try:
        text = np.frombuffer(f"0{'0'.join(masks)}0".encode("ascii"), np.uint8)
    except UnicodeEncodeError:
        strange = next(index for index, mask in enumerate(masks) if not mask.isascii())
        raise RunLengthError(strange, "is no run-length string") from None
    codes = text - np.uint8(48)  # what lies below wraps around to large codes
    zeros = np.cumsum(sizes + 1)  # one behind each string, one before the first
    last = codes < _GOES_ON
    if sizes.min() == 0 or codes.max() >= 2 * _GOES_ON or not last[zeros - 1].all():
        raise RunLengthError(_first_broken(masks), "is no whole run-length string")
    goes_on = ~last
    # The bits that are set an odd number of times tell whether an odd number of characters goes on.
    parity = np.bitwise_xor.reduceat(codes[1:], zeros - sizes - 1) >> np.uint8(5)
    odd = ((sizes - parity) & 1).astype(bool)
    last[0], last[zeros] = False, odd
    at = np.flatnonzero(last)
    pairs = np.ndarray(len(codes) - 1, "<u2", codes, strides=(1,))  # each with the one behind it
    numbers = _SHORT.take(pairs.take(at - 1))
    longer = np.flatnonzero(goes_on[1:] & goes_on[:-1]) + 1
    if len(longer):
        which = np.searchsorted(at, longer)
        which = which[np.diff(which, prepend=-1) > 0]
        numbers[which] = _long_numbers(codes, goes_on, at[which], zeros)
    rows = np.searchsorted(at, np.append(zeros - sizes, len(codes))) // 2
    return numbers, rows, odd


def _long_numbers(codes: _Codes, goes_on: _Flags, at: Integers, zeros: Integers) -> _Numbers:
    """The numbers of more than two characters whose last ones stand ``at`` [K] places."""
    numbers = ((codes[at] ^ 16) & 31).astype(np.int32) - 16
    which = np.arange(len(at))
    at = at - 1
    for _ in range(_LONGEST - 1):
        numbers[which] = (numbers[which] << np.int32(5)) + (codes[at] & 31)
        at = at - 1
        more = goes_on[at]
        which, at = which[more], at[more]
    if len(at):
        raise RunLengthError(int(np.searchsorted(zeros, at[0])), "holds a number that is too large")
    return numbers


def _short_numbers() -> _Numbers:
    """[64 * 256] the number that a code ends, at 256 times this code plus the one before it."""
    before, last = np.arange(256, dtype=np.int32), np.arange(64, dtype=np.int32)[:, None]
    signed = ((last & 31) ^ 16) - 16
    return np.where(before & _GOES_ON, (signed << 5) + (before & 31), signed).ravel()


_SHORT = _short_numbers()


def _first_broken(masks: Sequence[str]) -> int:
    for index, mask in enumerate(masks):
        codes = [ord(character) - 48 for character in mask]
        if not codes or codes[-1] >= _GOES_ON or not 0 <= min(codes) <= max(codes) < 2 * _GOES_ON:
            return index
    raise AssertionError("called for strings that are whole")


def _lengths(numbers: _Numbers, rows: Integers, odd: _Flags) -> tuple[_Numbers, _Numbers]:
    """Run lengths from numbers of which all but the first three are relative to the last but one.

    Sums may wrap around at 32 bits on the way; the lengths that come out are right again.

    Returns:
        (background [R], foreground [R] that follows it); ``rows`` [N + 1] is where those of each
        mask begin. The last foreground of an odd amount of numbers is empty.
    """
    per_mask = np.diff(rows)
    off, on = numbers[0::2].copy(), numbers[1::2].copy()
    opening = rows[:-1][per_mask > 1]
    off[opening + 1] -= off[opening]  # the third number is not relative to the first
    _cumulate(off, rows, per_mask)
    _cumulate(on, rows, per_mask)
    on[rows[1:][odd] - 1] = 0
    return off, on


def _cumulate(steps: _Numbers, rows: Integers, per_mask: Integers) -> None:
    """Cumulative sums in place of the steps; they begin anew with each mask."""
    np.cumsum(steps, dtype=np.int32, out=steps)
    before = np.zeros(len(per_mask), np.int32)
    before[1:] = steps[rows[1:-1] - 1]
    steps -= np.repeat(before, per_mask)
