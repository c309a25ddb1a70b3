"""Losses that pull embeddings of one object together over frames, prompts and clips."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Permutation = Callable[[int], Tensor]
"""n → a permutation of 0..n-1; ``torch.randperm`` unless a test fixes it."""

_LARGEST_EXPONENT = 10.0


def similarity(anchors: Tensor, candidates: Tensor) -> Tensor:
    """Scaled dot product: [N, C], [M, C] → [N, M]."""
    scale = math.sqrt(anchors.shape[-1])
    return anchors @ candidates.T / scale


def sample_columns(same: Tensor, most: int, permutation: Permutation = torch.randperm) -> Tensor:
    """Random columns to compare with: three quarters some row's positive, one quarter nobody's.

    Args:
        same: [N, M] bool, row and column show one object.
        most: upper limit of the number of columns (also at most 3 N).
    """
    limit = min(most, 3 * same.shape[0])
    positive = same.any(0)
    columns = []
    for pool, share in ((positive, 0.75), (~positive, 0.25)):
        members = pool.nonzero().flatten()
        chosen = permutation(len(members)).to(members.device)[: int(share * limit)]
        columns.append(members[chosen])
    return torch.cat(columns)


def contrastive_loss(
    anchors: Tensor,
    candidates: Tensor,
    same: Tensor,
    *,
    most: int = 20,
    permutation: Permutation = torch.randperm,
) -> Tensor:
    """Log-sum contrastive loss (UniVS Eq. 5, L_reid; ``loss_reid`` of the code).

    Two positives per row, the first positive candidate and the mean of all positives, are compared
    with sampled negatives: mean over rows of log(1 + Σ exp(negative - positive)).

    Args:
        anchors: [N, C]; candidates: [M, C]; same: [N, M] bool.
        most: upper limit of sampled columns.

    Returns:
        Scalar, 0 if no row has a positive.
    """
    rows = same.any(1)
    same = same[rows]
    if not len(same):
        return anchors.sum() * 0
    scores = similarity(anchors[rows], candidates)
    first = scores.gather(1, same.float().argmax(1, keepdim=True))
    mean = (scores * same).sum(1, keepdim=True) / same.sum(1, keepdim=True)
    columns = sample_columns(same, most, permutation)
    return _log_sum(torch.cat([first, mean], 1), scores[:, columns], same[:, columns])


def _log_sum(positives: Tensor, others: Tensor, same: Tensor) -> Tensor:
    """Mean over rows of log(1 + Σ exp(other - positive)): [N, P], [N, M], [N, M] → scalar."""
    excess = (others[:, None] - positives[:, :, None]).clamp(max=_LARGEST_EXPONENT).exp()
    return torch.log1p((excess * ~same[:, None]).sum((1, 2))).mean()


def cosine_loss(
    anchors: Tensor,
    candidates: Tensor,
    same: Tensor,
    *,
    most: int = 20,
    permutation: Permutation = torch.randperm,
) -> Tensor:
    """Smooth-L1 between the positive part of the cosine and 0 or 1 (``loss_reid_aux``).

    Arguments as ``contrastive_loss``; summed over sampled columns, averaged over rows.
    """
    rows = same.any(1)
    same = same[rows]
    if not len(same):
        return anchors.sum() * 0
    columns = sample_columns(same, most, permutation)
    return _cosine_distance(anchors[rows], candidates[columns], same[:, columns])


def _cosine_distance(anchors: Tensor, candidates: Tensor, same: Tensor) -> Tensor:
    cosine = F.normalize(anchors, dim=-1) @ F.normalize(candidates, dim=-1).T
    loss = F.smooth_l1_loss(cosine.clamp(min=0), same.to(cosine.dtype), reduction="sum")
    return loss / anchors.shape[0]


def interclip_losses(
    embeddings: Tensor,
    ids: Tensor,
    *,
    anchors: Tensor | None = None,
    positives: Tensor | None = None,
    most: int = 30,
    permutation: Permutation = torch.randperm,
) -> tuple[Tensor, Tensor]:
    """ReID over all clips of a long video (UniVS Eq. 5, L_reid, stage 3): one anchor per identity.

    Args:
        embeddings: [N, C] of all clips; ids: [N] identity of each.
        anchors: [I] row of each identity's anchor, random by default.
        positives: [I, 3] rows of three positives of each anchor, random with replacement by
            default.
        most: upper limit of random columns.

    Returns:
        (contrastive, cosine) scalars.
    """
    identities = ids.unique()
    if anchors is None:
        anchors = torch.stack([_pick((ids == i).nonzero().flatten(), 1)[0] for i in identities])
    same = ids[anchors][:, None] == ids[None]
    if positives is None:
        positives = torch.stack([_pick(row.nonzero().flatten(), 3) for row in same])
    scores = similarity(embeddings[anchors], embeddings)
    columns = permutation(len(ids)).to(ids.device)[:most]
    contrastive = _log_sum(scores.gather(1, positives), scores[:, columns], same[:, columns])
    cosine = _cosine_distance(embeddings[anchors], embeddings[columns], same[:, columns])
    return contrastive, cosine


def _pick(members: Tensor, count: int) -> Tensor:
    return members[torch.randint(len(members), (count,), device=members.device)]


def pair_losses(
    anchors: Tensor, candidates: Tensor, positive: Tensor, negative: Tensor
) -> tuple[Tensor, Tensor, int]:
    """Contrast of every anchor with every sample, none of them drawn (QDTrack; IDOL; GvSeg §3.1).

    Contrastive: mean over anchors of log(1 + Σ₊ Σ₋ exp(anchor·negative - anchor·positive)), dot
    products as :func:`similarity`. Cosine: mean over anchors of half the mean over their positives
    and half that over their negatives of what :func:`cosine_loss` sums, so that a queue of
    thousands does not drown the positives.

    Args:
        anchors: [N, C]; candidates: [M, C].
        positive, negative: [N, M] bool, never both; pairs that are neither do not count.

    Returns:
        (contrastive, cosine, number of anchors that have a positive); anchors without one do not
        count, and both losses are 0 where there is none.
    """
    rows = positive.any(1)
    count = int(rows.sum())
    if not count:
        return anchors.sum() * 0, anchors.sum() * 0, 0
    anchors, positive, negative = anchors[rows], positive[rows], negative[rows]
    scores = similarity(anchors, candidates)
    # The double sum is a product, so its logarithm is a sum; -inf where nothing is summed.
    against = scores.masked_fill(~negative, -math.inf).logsumexp(1)
    towards = (-scores).masked_fill(~positive, -math.inf).logsumexp(1)
    opposed = negative.any(1)
    contrastive = F.softplus((against + towards)[opposed]).sum() / count
    cosine = F.normalize(anchors, dim=-1) @ F.normalize(candidates, dim=-1).T
    wanted = positive.to(cosine.dtype)
    apart = F.smooth_l1_loss(cosine.clamp(min=0), wanted, reduction="none")
    sides = [(apart * m).sum(1) / m.sum(1).clamp(min=1) for m in (positive, negative)]
    return contrastive, ((sides[0] + sides[1]) / 2).mean(), count
