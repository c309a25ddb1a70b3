"""Boundary IoU: overlap of the inner rims of two masks, which tells fine from coarse outlines.

Source: Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation",
CVPR 2021.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import minimum_filter

from ..results import mask_box
from ..types import MaskArray
from .jf import region_similarity

RIM_RATIO = 0.02
"""Width of the rim as a share of the image diagonal."""


def rim_width(size: tuple[int, int], ratio: float = RIM_RATIO) -> int:
    """Width of the rim in pixels for an image of (height, width), at least 1."""
    return max(1, round(ratio * math.hypot(*size)))


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
    inside = mask[y0:y1, x0:x1].astype(np.uint8)
    kept = minimum_filter(inside, size=2 * width + 1, mode="constant", cval=0)
    rim[y0:y1, x0:x1] &= kept == 0
    return rim


def boundary_iou(
    predicted: MaskArray, truth: MaskArray, ratio: float = RIM_RATIO, both_empty: float = 0.0
) -> float:
    """IoU of the inner rims of two [H, W] masks, 0..1.

    ``both_empty`` is the value where neither mask has a pixel; the panoptic VOS benchmark (Xu et
    al., ICCV 2023) counts 1 there.
    """
    if not predicted.any() and not truth.any():
        return both_empty
    size = (int(truth.shape[0]), int(truth.shape[1]))
    width = rim_width(size, ratio)
    return region_similarity(inner_rim(predicted, width), inner_rim(truth, width))
