"""Overlaps of detections over the frames of a clip, and suppression of duplicates."""

from __future__ import annotations

import torch
from torch import Tensor


def mask_boxes(masks: Tensor) -> Tensor:
    """Boxes around masks, corners are inclusive pixel indices (x0, y0, x1, y1).

    Args:
        masks: [..., H, W] bool.

    Returns:
        [..., 4] int64; zeros for empty masks.
    """
    columns, rows = masks.any(dim=-2), masks.any(dim=-1)
    x0, x1 = _extent(columns)
    y0, y1 = _extent(rows)
    return torch.stack([x0, y0, x1, y1], dim=-1)


def _extent(occupied: Tensor) -> tuple[Tensor, Tensor]:
    """First and last occupied index along the last axis, 0 where there is none."""
    some = occupied.any(dim=-1)
    flags = occupied.to(torch.uint8)
    first = flags.argmax(dim=-1)
    last = occupied.shape[-1] - 1 - flags.flip(-1).argmax(dim=-1)
    return first * some, last * some


def box_iou(boxes: Tensor) -> Tensor:
    """IoU of every two boxes per frame.

    Args:
        boxes: [N, T, 4] normalised by the size of the picture (0..1); the smallest union counted
            is 1e-3 of it, so that empty boxes overlap with nothing.

    Returns:
        [N, N, T].
    """
    low = torch.maximum(boxes[:, None, :, :2], boxes[None, :, :, :2])
    high = torch.minimum(boxes[:, None, :, 2:], boxes[None, :, :, 2:])
    intersection = (high - low).clamp(min=0).prod(dim=-1)
    area = (boxes[..., 2:] - boxes[..., :2]).prod(dim=-1)
    union = area[:, None] + area[None] - intersection
    return intersection / union.clamp(min=1e-3)


def mask_iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU of two sets of masks per frame.

    Args:
        first, second: [N, T, h, w] and [M, T, h, w] bool.

    Returns:
        [N, M, T] in 0..1; 0 where both are empty.
    """
    a, b = first.flatten(2).float(), second.flatten(2).float()
    intersection = torch.einsum("ntp,mtp->nmt", a, b)
    union = a.sum(-1)[:, None] + b.sum(-1)[None] - intersection
    return intersection / union.clamp(min=1)


def no_higher_duplicate(overlap: Tensor, threshold: float) -> Tensor:
    """Which detections stay: those that overlap less than ``threshold`` with all before them.

    Dropped ones count as well (a chain of overlapping detections keeps only its head), and
    classes play no part.

    Args:
        overlap: [N, N], detections sorted by falling score.

    Returns:
        [N] bool.
    """
    earlier = torch.ones_like(overlap).triu(diagonal=1).bool()
    return ~((overlap >= threshold) & earlier).any(dim=0)


def box_nms(masks: Tensor, threshold: float) -> Tensor:
    """:func:`no_higher_duplicate` for the boxes of masks, by their largest IoU of any frame.

    Args:
        masks: [N, T, h, w] bool, sorted by falling score.

    Returns:
        [N] bool.
    """
    h, w = masks.shape[-2:]
    size = torch.tensor([w, h, w, h], device=masks.device)
    if masks.shape[0] == 0:
        return masks.new_zeros(0, dtype=torch.bool)
    overlap = box_iou(mask_boxes(masks) / size).amax(dim=-1)
    return no_higher_duplicate(overlap, threshold)
