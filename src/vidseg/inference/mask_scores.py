"""Scores of masks: their quality, the classes of pixels, and who wins a disputed pixel."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..models.decoder.tensors import Prediction
from .released_behaviour import Contest, MergeBy


def mask_quality(logits: Tensor) -> Tensor:
    """Share of clearly inside pixels among those not clearly outside, as in the released UniVS.

    Args:
        logits: [N, ...] mask logits; everything after the first axis is counted together.

    Returns:
        [N] in 0..1: ``#(logit > 1) / max(1, #(logit > -1))``.
    """
    return joint_mask_quality([logits])


def joint_mask_quality(parts: Iterable[Tensor]) -> Tensor:
    """:func:`mask_quality` of masks that come in parts, such as frame by frame; at least one."""
    counts = [((part > 1).flatten(1).sum(1), (part > -1).flatten(1).sum(1)) for part in parts]
    inside, not_outside = (torch.stack(column).sum(0) for column in zip(*counts, strict=True))
    return inside / not_outside.clamp(min=1)


def class_weights(prediction: Prediction, quality: Tensor) -> Tensor:
    """[Q, K] class probability of each learnable query times the quality [Q] of its mask."""
    assert prediction.class_logits is not None
    return prediction.class_logits[0, : prediction.learnable].float().sigmoid() * quality[:, None]


def class_scores(weights: Tensor, mask_logits: Tensor) -> Tensor:
    """[K, h, w] sum over the queries of class weight times mask probability, for one frame.

    Args:
        weights: [Q, K], see :func:`class_weights`.
        mask_logits: [Q, h, w].
    """
    return torch.einsum("qk,qhw->khw", weights, mask_logits.sigmoid())


def contenders(scores: Tensor) -> Tensor:
    """Indices of the classes of [K, h, w] that win at least one cell.

    A class that wins no cell hardly wins a pixel after up-sampling, so only these are up-sampled.
    """
    winners = scores.flatten(1).argmax(0)
    return winners.bincount(minlength=scores.shape[0]).nonzero()[:, 0]


def means_of_winners(winner: Tensor, best: Tensor, K: int) -> Tensor:
    """[K] mean of ``best`` over the pixels of each winner; 0 where a class has none."""
    pixels = torch.bincount(winner.flatten(), minlength=K)
    total = torch.bincount(winner.flatten(), best.flatten(), minlength=K)
    return total / pixels.clamp(min=1)


def winner_masks(weighted: Tensor, inside: Tensor, *, among: Contest = "all") -> Tensor:
    """Pixels won by each object: the largest weight takes a pixel that any object claims.

    Args:
        weighted: [N, ...] what competes, one value >= 0 per object and pixel, N >= 1.
        inside: [N, ...] bool, whether the object claims the pixel.
        among: who may win, ``"all"`` objects as released, or only the ``"claimants"``.

    Returns:
        [N, ...] bool, at most one object per pixel.
    """
    if among == "claimants":
        weighted = torch.where(inside, weighted, -1.0)
    order = torch.arange(weighted.shape[0], device=weighted.device)
    winner = torch.where(inside.any(dim=0), weighted.argmax(dim=0), -1)
    return winner[None] == order.view(-1, *[1] * (weighted.ndim - 1))


def undisputed(weighted: Tensor, inside: Tensor, least: float) -> Tensor:
    """Objects that keep more than the share ``least`` of what they claim.

    Args as :func:`winner_masks`. Returns [N] bool.
    """
    won = winner_masks(weighted, inside)
    area = inside.flatten(1).sum(dim=1)
    share = won.flatten(1).sum(dim=1) / area.clamp(min=1)
    return (share > least) & (won & inside).flatten(1).any(dim=1)


def weighted_claims(logits: Tensor, score: Tensor, by: MergeBy) -> Tensor:
    """What competes for pixels: score [N] times logit or probability of [N, ...]."""
    value = logits if by == "logit" else logits.sigmoid()
    return value * score.view(-1, *[1] * (logits.ndim - 1))
