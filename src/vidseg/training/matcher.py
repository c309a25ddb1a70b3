"""Assignment of learnable queries to targets (UniVS section 3.3; Mask2Former)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .mask_loss import pairwise_mask_costs
from .point_sampling import sample_maps


@dataclass(frozen=True, kw_only=True)
class MatchWeights:
    """Weights of the matching cost."""

    classes: float = 3.0
    mask: float = 5.0
    dice: float = 5.0


def sample_clip_masks(masks: Tensor, points: Tensor) -> Tensor:
    """[N, T, H, W] float read at points [P, 2] shared by all masks and frames → [N, T·P]."""
    read: Tensor = sample_maps(masks.flatten(0, 1), points).unflatten(0, masks.shape[:2])
    return read.flatten(1)


def matching_cost(
    mask_points: Tensor,
    target_points: Tensor,
    class_logits: Tensor | None,
    labels: Tensor,
    weights: MatchWeights,
) -> Tensor:
    """Cost of giving each query to each target.

    Args:
        mask_points: [Q, T·P] mask logits at the shared points (``sample_clip_masks``).
        target_points: [N, T·P] target masks there.
        class_logits: [Q, K] over the clip's own vocabulary, None without categories.
        labels: [N] column of each target, -1 for none (no class cost).

    Returns:
        [Q, N].
    """
    entropy, dice = pairwise_mask_costs(mask_points, target_points)
    cost = weights.mask * entropy + weights.dice * dice
    if class_logits is not None and class_logits.shape[1] > 0:
        likely = (5 * class_logits.sigmoid()).softmax(-1)
        known = (labels >= 0).to(cost.dtype)
        cost = cost - weights.classes * likely[:, labels.clamp(min=0)] * known
    return cost


def assign(cost: Tensor) -> tuple[Tensor, Tensor]:
    """Cheapest one-to-one assignment: (query, target) indices, ascending in the query.

    Raises:
        ValueError: if the cost is not finite (training has diverged).
    """
    rows, columns = linear_sum_assignment(cost.detach().float().cpu().numpy())
    return torch.as_tensor(rows, device=cost.device), torch.as_tensor(columns, device=cost.device)
