"""Run lengths of masks checked without drawing them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_OFFSET, _MORE, _SIGN, _LOW = 48, 0x20, 0x10, 0x1F


def decode_counts(text: str) -> npt.NDArray[np.int64]:
    """[R] run lengths of COCO's compressed string, background first.

    Each number is written in groups of five bits, lowest first, with a sixth bit that says whether
    another group follows; from the fourth number on it is the difference to the one before last.

    Raises ValueError where the text is no such string.
    """
    codes = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8).astype(np.int64)
    codes = codes - _OFFSET
    if len(codes) == 0:
        return codes
    if codes.min() < 0 or codes.max() > (_MORE | _LOW):
        raise ValueError("characters that run lengths do not have")
    last = np.flatnonzero((codes & _MORE) == 0)
    if len(last) == 0 or last[-1] != len(codes) - 1:
        raise ValueError("it breaks off in the middle of a number")
    first = np.concatenate(([0], last[:-1] + 1))
    place = np.arange(len(codes)) - np.repeat(first, last - first + 1)
    if place.max() > 11:  # 12 groups are 60 bits, more than any picture needs
        raise ValueError("a number of more than 60 bits")
    numbers = np.add.reduceat((codes & _LOW) << (5 * place), first)
    negative = (codes[last] & _SIGN) != 0
    numbers = numbers - np.where(negative, np.int64(1) << (5 * (place[last] + 1)), 0)
    numbers[2::2] = np.cumsum(numbers[2::2])
    numbers[1::2] = np.cumsum(numbers[1::2])
    return numbers


def rle_fault(rle: Any, size: tuple[int, int] | None) -> str | None:
    """What is wrong with a mask of a JSON file, in words that follow "its mask"; None if nothing.

    Args:
        rle: ``{"size": [height, width], "counts": str or list}``, or anything else.
        size: (height, width) that it must have; None for any.
    """
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        return "is no run lengths with size and counts"
    given = rle["size"]
    if (
        not isinstance(given, list)
        or len(given) != 2
        or not all(type(side) is int and side > 0 for side in given)
    ):
        return f"has the size {given!r} instead of [height, width]"
    if size is not None and tuple(given) != size:
        return (
            f"has the size {given[0]} x {given[1]} (height x width) instead of "
            f"{size[0]} x {size[1]}"
        )
    try:
        runs = runs_of(rle["counts"])
    except ValueError as error:
        return f"has run lengths that cannot be read ({error})"
    if len(runs) and runs.min() < 0:
        return "has a negative run length"
    if runs.sum() != given[0] * given[1]:
        return (
            f"has run lengths of {int(runs.sum())} pixels, and {given[0]} x {given[1]} are "
            f"{given[0] * given[1]}"
        )
    return None


def runs_of(counts: Any) -> npt.NDArray[np.int64]:
    """[R] run lengths of a compressed string or a plain list. ValueError where it is neither."""
    if isinstance(counts, str):
        return decode_counts(counts)
    if isinstance(counts, list) and all(type(run) is int for run in counts):
        return np.array(counts, dtype=np.int64)
    raise ValueError("neither a string nor a list of whole numbers")


def rle_area(rle: Any) -> int:
    """Pixels of a mask that :func:`rle_fault` finds nothing wrong with."""
    return int(runs_of(rle["counts"])[1::2].sum())
