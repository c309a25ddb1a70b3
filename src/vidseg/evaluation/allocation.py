"""Keeps the memory of one frame's maps for those of the next."""

from __future__ import annotations

import numpy as np

_LARGEST = (32 << 20) - (64 << 10)
"""Bytes; the C library of Linux heeds freed blocks of up to 32 MiB."""


def keep_freed_memory() -> None:
    """Makes the C library hold on to freed maps, up to 64 MiB, instead of giving them back.

    By default maps of a few hundred kilobytes go back to the system each time, and touching fresh
    pages for the next frame costs more than the work on them. glibc raises its limit to the
    largest block that it saw freed, so freeing one that is never touched settles it. Other C
    libraries take no notice.
    """
    np.empty(_LARGEST, np.uint8)
