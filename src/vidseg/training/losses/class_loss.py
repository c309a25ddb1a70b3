"""Category losses on cosine logits (UniVS Eq. 5, L_cls)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def focal_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    alpha: float = 0.5,
    gamma: float = 2.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Sum of the focal loss over all entries.

    Args:
        logits: [Q, K]; targets: [Q, K] 0 or 1.
        alpha: weight of positives; negatives have 1 - alpha.
        gamma: exponent of the focus on hard entries.
        weights: [Q, K] factor of each entry, None for 1.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    missed = torch.exp(-entropy)  # probability given to the truth
    balance = alpha * targets + (1 - alpha) * (1 - targets)
    loss = balance * (1 - missed) ** gamma * entropy
    return (loss if weights is None else loss * weights).sum()


def class_loss(
    logits: Tensor,
    rows: Tensor,
    labels: Tensor,
    *,
    alpha: float = 0.5,
    gamma: float = 2.0,
    cross_entropy: bool = True,
    weights: Tensor | None = None,
) -> Tensor:
    """Focal loss of all queries of one clip, plus softmax cross entropy of the matched ones.

    Args:
        logits: [Q, K] over the clip's own vocabulary.
        rows: [M] matched queries; labels: [M] their columns.
        cross_entropy: add the softmax term (released code; the paper has the focal term only).
        weights: [Q, K] factor of each focal entry.

    Returns:
        Scalar: focal sum / max(1, M) + mean cross entropy.
    """
    targets = torch.zeros_like(logits)
    targets[rows, labels] = 1.0
    loss = focal_loss(logits, targets, alpha=alpha, gamma=gamma, weights=weights)
    loss = loss / max(1, len(rows))
    if cross_entropy and len(rows):
        loss = loss + F.cross_entropy(logits[rows], labels)
    return loss


def entry_weights(logits: Tensor, rows: Tensor, unknown: Tensor, spare: Tensor | None) -> Tensor:
    """Factors of the focal entries of one clip.

    Args:
        logits: [Q, K].
        rows: [M] matched queries; unknown: [M] bool, their object has no category.
        spare: [Q, K] entries that unmatched queries are not punished for, or None.

    Returns:
        [Q, K]: 0 for queries matched to objects without category and for spared entries, else 1.
    """
    weights = torch.ones_like(logits)
    if spare is not None:
        weights[spare] = 0
        weights[rows] = 1
    weights[rows[unknown]] = 0
    return weights
