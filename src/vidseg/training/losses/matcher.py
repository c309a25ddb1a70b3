"""Assignment of learnable queries to targets (UniVS §4.1; Mask2Former)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ...models.decoder.tensors import Prediction
from .config import LossConfig, MatchWeights
from .mask_loss import pairwise_mask_costs, share_inside
from .point_sampling import random_points, sample_maps
from .targets import ClipTargets, clip_columns, local_labels


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which queries of a clip were taken for which targets.

    Attributes:
        queries: [M], ascending.
        targets: [M] rows among the clip's ``instances()``.
        spare: [Q, K] class logits that are not punished, as the query is inside a group of that
            class; None where there are no groups.
    """

    queries: Tensor
    targets: Tensor
    spare: Tensor | None = None


@torch.no_grad()
def assign_clip(
    prediction: Prediction,
    b: int,
    clip: ClipTargets,
    config: LossConfig,
    generator: torch.Generator | None = None,
) -> Assignment:
    """Assignment of the queries of clip ``b`` to its instances, by masks at random points.

    Args:
        prediction: of learnable queries alone.
        clip: targets of clip b.
        generator: source of the points.
    """
    masks, target = prediction.mask_logits[b], clip.instances()
    columns = clip_columns(prediction.class_logits, b, clip)
    labels = local_labels(target.labels, clip.columns)
    points = random_points(config.match_points, device=masks.device, generator=generator)
    predicted = sample_clip_masks(masks, points)
    wanted = sample_clip_masks(target.masks.to(predicted.dtype), points)
    queries, rows = assign(matching_cost(predicted, wanted, columns, labels, config.match))
    groups = clip.is_group & (clip.labels >= 0)
    if columns is None or not config.spare_groups or not bool(groups.any()):
        return Assignment(queries, rows)
    regions = sample_clip_masks(clip.masks[groups].to(predicted.dtype), points)
    inside = share_inside(predicted, regions) > 0.5  # [Q, G]
    spare = torch.zeros_like(columns)
    spare.index_add_(1, local_labels(clip.labels[groups], clip.columns), inside.to(spare.dtype))
    return Assignment(queries, rows, spare > 0)


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
        # 5 x sigmoid is the score of UniVS's released matcher; the paper names none. It keeps the
        # softmax between flat and one-hot, whatever the learned scale of the cosine logits is.
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
