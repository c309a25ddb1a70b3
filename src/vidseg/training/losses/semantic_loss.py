"""Competition of the masks of category prompts for each pixel (UniVS Eq. 5, L_mask; UniVS code)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import LossConfig
from .point_sampling import sample_maps, uncertain_points


def competition(
    mask_logits: Tensor,
    masks: Tensor,
    rows: Tensor,
    config: LossConfig,
    generator: torch.Generator | None = None,
) -> Tensor:
    """:func:`semantic_loss` of one clip, at points of its own.

    Args:
        mask_logits: [Q, T, h, w] of its category prompts; copies of a prompt do not compete.
        masks: [Q, T, H, W] bool; rows: [Q] class of each, -1 for none.
        config: number and choice of the points.
    """
    first = _first_of_each(rows)
    logits, wanted = mask_logits[first], masks[first]
    seen = wanted.flatten(1).any(1).nonzero().flatten()
    points = uncertain_points(
        logits.detach().amax(0),  # in each frame, where even the strongest prompt is unsure
        config.points,
        oversample=config.oversample,
        importance=config.importance,
        generator=generator,
    )
    return semantic_loss(logits, seen, wanted[seen], points)


def semantic_loss(mask_logits: Tensor, rows: Tensor, class_masks: Tensor, points: Tensor) -> Tensor:
    """Softmax cross entropy over all category prompts of a clip at sampled points.

    Args:
        mask_logits: [Q, T, h, w] of all category prompts; those of absent classes compete too.
        rows: [M] the prompt of each class that is present.
        class_masks: [M, T, H, W] bool or 0/1, semantic masks of these classes.
        points: [T, P, 2] (x, y) in [0, 1].

    Returns:
        Mean over the points that lie on one of the classes; 0 if there is none.
    """
    if not len(rows):
        return mask_logits.sum() * 0
    logits = _sample_frames(mask_logits, points)
    with torch.no_grad():
        wanted = _sample_frames(class_masks.to(logits.dtype), points, nearest=True)
        labelled = wanted.amax(0) > 0.5
        labels = rows[wanted.argmax(0)]
    if not labelled.any():
        return mask_logits.sum() * 0
    return F.cross_entropy(logits[:, labelled].T, labels[labelled])


def _sample_frames(maps: Tensor, points: Tensor, *, nearest: bool = False) -> Tensor:
    """[M, T, H, W] read at the points [T, P, 2] of each frame → [M, T, P]."""
    frames = zip(maps.unbind(1), points, strict=True)
    return torch.stack([sample_maps(m, p, nearest=nearest) for m, p in frames], dim=1)


def _first_of_each(rows: Tensor) -> Tensor:
    """Indices of the first prompt of each identity, without cyclic copies and -1."""
    indices = [int((rows == value).nonzero()[0]) for value in torch.unique(rows) if value >= 0]
    return torch.tensor(indices, dtype=torch.int64, device=rows.device)
