"""Boundary IoU: overlap of the inner rims of two masks, which tells fine from coarse outlines.

Source: Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation",
CVPR 2021.
"""

from __future__ import annotations

import math

import numpy as np

from ..types import MaskArray
from .overlaps import LabelMap

RIM_RATIO = 0.02
"""Width of the rim as a share of the image diagonal."""


def rim_width(size: tuple[int, int], ratio: float = RIM_RATIO) -> int:
    """Width of the rim in pixels for an image of (height, width), at least 1."""
    return max(1, round(ratio * math.hypot(*size)))


def inner_rims(labels: LabelMap, width: int) -> MaskArray:
    """The inner rims of all regions of a [H, W] label map at once.

    A pixel lies on the rim of its region where another label, or the outside of the image, is
    within ``width`` rows and columns. Returns [H, W] bool.

    >>> inner_rims(np.array([[1, 1, 1, 2, 2]] * 3), 1).astype(int)[1].tolist()
    [1, 0, 1, 1, 1]
    """
    height, across = labels.shape
    rims = np.ones(labels.shape, dtype=bool)
    if min(height, across) <= 2 * width:
        return rims
    # Rows are taken as one long line. What is wrong where a row goes over into the next one lies
    # within ``width`` of the left and right border, which is rim anyhow.
    line = labels.ravel()
    alike = _all_along(line[1:] == line[:-1], 2 * width, 1)  # constant from here to 2 width on
    below = line[width:-across] == line[width + across :]
    below &= alike[: len(below)]
    last = alike[2 * width * across :]
    solid = _all_along(below, 2 * width, across)[: len(last)]
    solid &= last
    start = width * across + width
    np.logical_not(solid, out=rims.ravel()[start : start + len(solid)])
    rims[:, :width] = rims[:, -width:] = True
    return rims


def _all_along(flags: MaskArray, count: int, step: int) -> MaskArray:
    """[N - (count - 1) step]: whether ``count`` flags from here on, ``step`` apart, are all true.

    Overwrites the flags.
    """
    spare = np.empty_like(flags)
    done = 1
    while done < count:
        more = min(done, count - done)
        length = len(flags) - more * step
        longer = np.logical_and(flags[:length], flags[more * step :], out=spare[:length])
        flags, spare = longer, flags
        done += more
    return flags
