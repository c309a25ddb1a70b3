"""Run lengths of masks checked without drawing them."""

from __future__ import annotations

from typing import Any

from ...geometry.run_lengths import RunLengthError, read_runs


def mask_area(rle: Any, size: tuple[int, int] | None = None) -> int:
    """Pixels of a mask of a JSON file.

    Args:
        rle: ``{"size": [height, width], "counts": str or list}``, or anything else.
        size: (height, width) that it must have; None for any.

    Raises:
        ValueError: what is wrong, in words that follow "its mask".
    """
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise ValueError("has no run lengths with size and counts")
    given, counts = rle["size"], rle["counts"]
    if (
        not isinstance(given, list)
        or len(given) != 2
        or not all(type(side) is int and side > 0 for side in given)
    ):
        raise ValueError(f"has the size {given!r} instead of [height, width]")
    height, width = given
    if size is not None and (height, width) != size:
        raise ValueError(
            f"has the size {height} x {width} (height x width) instead of {size[0]} x {size[1]}"
        )
    if not isinstance(counts, (str, list)):
        raise ValueError("has counts that are neither a string nor a list")
    try:
        return int(read_runs([counts], height * width).areas[0])
    except RunLengthError as error:
        raise ValueError(f"{error}, and {height} x {width} are {height * width}") from error
