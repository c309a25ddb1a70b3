"""Boundary IoU: overlap of the inner rims of two masks, which tells fine from coarse outlines.

Source: Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation",
CVPR 2021.
"""

from __future__ import annotations

import math

import numpy as np

from ..results import mask_box
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


def inner_rim(mask: MaskArray, width: int) -> MaskArray:
    """[H, W] bool: pixels of the mask within ``width`` pixels (rows and columns) of its outside.

    Beyond the border of the image is outside.

    >>> inner_rim(np.ones((3, 4), dtype=bool), 1).astype(int).tolist()
    [[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    """
    rim = mask.copy()
    x0, y0, x1, y1 = mask_box(mask)
    if x1 == 0:
        return rim
    rim[y0:y1, x0:x1] &= inner_rims(mask[y0:y1, x0:x1].astype(np.uint8), width)
    return rim


def boundary_iou(
    predicted: MaskArray, truth: MaskArray, ratio: float = RIM_RATIO, both_empty: float = 0.0
) -> float:
    """IoU of the inner rims of two [H, W] masks, 0..1.

    ``both_empty`` is the value where neither mask has a pixel; the panoptic VOS benchmark (Xu et
    al., IJCAI 2023) counts 1 there.
    """
    if not predicted.any() and not truth.any():
        return both_empty
    width = rim_width((int(truth.shape[0]), int(truth.shape[1])), ratio)
    ours, theirs = inner_rim(predicted, width), inner_rim(truth, width)
    return int(np.count_nonzero(ours & theirs)) / int(np.count_nonzero(ours | theirs))
