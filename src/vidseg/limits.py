"""The one budget of pixels: sizes that a file claims are checked before memory is taken."""

from __future__ import annotations

import os

from .errors import DataError, VidsegError

MAX_PIXELS = 100_000_000
"""Width x height of the largest picture, frame or mask: three times an 8K frame, 0.3 GB as RGB."""

_VARIABLE = "VIDSEG_MAX_PIXELS"


def max_pixels() -> int:
    """The budget: ``VIDSEG_MAX_PIXELS`` of the environment, else ``MAX_PIXELS``.

    Raises VidsegError where the variable is no whole number above 0.
    """
    asked = os.environ.get(_VARIABLE, "").strip()
    if not asked:
        return MAX_PIXELS
    if not (asked.isascii() and asked.isdigit() and int(asked) > 0):
        raise VidsegError(f"{_VARIABLE} is {asked!r}; a whole number of pixels above 0 is wanted.")
    return int(asked)


def check_size(
    width: float, height: float, what: str, error: type[VidsegError] = DataError
) -> None:
    """Refuses a claimed size that is no size or is beyond the budget.

    Args:
        width, height: whole pixels, as the file claims them.
        what: begins the sentence, and names the file: "The picture a.png".
        error: what to raise.
    """
    if not (width >= 1 and height >= 1 and width % 1 == 0 and height % 1 == 0):
        raise error(f"{what} has the size {width} x {height}; whole pixels from 1 are wanted.")
    if width * height > max_pixels():
        raise error(
            f"{what} claims {int(width)} x {int(height)} pixels, more than the "
            f"{max_pixels():,} that are read; {_VARIABLE} allows more."
        )
