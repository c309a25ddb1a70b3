"""Binary cross entropy and dice of masks on sampled points (UniVS Eq. 5, L_mask)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .point_sampling import sample_maps


def mask_losses(logits: Tensor, targets: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Losses of M (mask, frame) pairs, summed over the pairs; divide by the number of targets.

    Args:
        logits: [M, h, w].
        targets: [M, H, W] float 0 or 1, at any resolution.
        points: [M, P, 2] (x, y) in [0, 1].

    Returns:
        (cross entropy averaged over points, dice with +1 smoothing), scalars.
    """
    predicted = sample_maps(logits, points)
    with torch.no_grad():
        wanted = sample_maps(targets, points)
    entropy = F.binary_cross_entropy_with_logits(predicted, wanted, reduction="none").mean(1).sum()
    return entropy, dice_loss(predicted.sigmoid(), wanted).sum()


def dice_loss(probabilities: Tensor, targets: Tensor) -> Tensor:
    """1 - (2·overlap + 1) / (sum + 1) along the last axis: [..., P] → [...]."""
    overlap = (probabilities * targets).sum(-1)
    total = probabilities.sum(-1) + targets.sum(-1)
    return 1 - (2 * overlap + 1) / (total + 1)


def pairwise_mask_costs(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Cost of every prediction against every target on shared points.

    Args:
        logits: [Q, P] sampled mask logits.
        targets: [N, P] sampled masks, 0..1.

    Returns:
        (cross entropy averaged over points, dice), [Q, N] each.
    """
    as_object, as_background = F.softplus(-logits), F.softplus(logits)
    entropy = (as_object @ targets.T + as_background @ (1 - targets).T) / logits.shape[1]
    probabilities = logits.sigmoid()
    overlap = probabilities @ targets.T
    total = probabilities.sum(1)[:, None] + targets.sum(1)[None]
    return entropy, 1 - (2 * overlap + 1) / (total + 1)


def share_inside(logits: Tensor, regions: Tensor) -> Tensor:
    """Share of each predicted mask that lies inside each region, on shared points.

    Args:
        logits: [Q, P]; regions: [G, P] 0..1.

    Returns:
        [Q, G] in 0..1; 0 for empty predictions.
    """
    inside = (logits > 0).to(regions.dtype)
    return (inside @ regions.T) / torch.clamp(inside.sum(1, keepdim=True), min=1)
