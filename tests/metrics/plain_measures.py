"""Measures of two masks, written plainly from the parts of the fast meters."""

from __future__ import annotations

import numpy as np

from vidseg.metrics.boundary import RIM_RATIO, inner_rims, rim_width
from vidseg.metrics.contours import Transitions, disk
from vidseg.metrics.jf import CONTOUR_TOLERANCE, agreement, contour_radius
from vidseg.results import mask_box
from vidseg.types import MaskArray


def contour(mask: MaskArray) -> MaskArray:
    """[H, W] bool: pixels that differ from their right, lower or lower right neighbour.

    The rim of the picture is no contour, so a mask that fills the picture has none.

    >>> contour(np.array([[False, True, True]])).astype(int).tolist()
    [[1, 0, 0]]
    """
    edge = np.zeros(mask.shape, dtype=bool)
    found = Transitions(mask.astype(np.uint8)).contour(1)
    edge[found.y, found.x] = True
    return edge


def contour_accuracy(
    predicted: MaskArray, truth: MaskArray, tolerance: float = CONTOUR_TOLERANCE
) -> float:
    """F: harmonic mean of precision and recall of the contours of two [H, W] masks, 0..1.

    A contour pixel counts as found where the other contour has a pixel within ``tolerance`` of the
    diagonal, rounded up to whole pixels. 1 where neither mask has a contour, 0 where one has none.
    """
    ours, theirs = (Transitions(m.astype(np.uint8)).contour(1) for m in (predicted, truth))
    height, width = truth.shape
    return agreement(ours, theirs, disk(contour_radius((height, width), tolerance)))


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
