"""Task-oriented temporal contrastive learning: which embeddings pull and push (GvSeg Eq. 10).

Things are compared with what other clips of their own video show, semantic regions (stuff, and all
classes of VSS) with queues of their classes over the training set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor, nn

from ...models.gvseg.shape_position import descriptor_change
from ..recipe.objective import ContrastConfig
from .reid_loss import pair_losses

Pairs = tuple[Tensor, Tensor]
"""(positive, negative) [N, M] bool: rows are anchors. A pair that is neither is no sample."""


@dataclass(frozen=True, eq=False)
class Embeddings:
    """N embeddings of objects and regions in the clips of some videos.

    Attributes:
        values: [N, C], with gradient.
        videos: [N] number of the video in the batch.
        clips: [N] number of the clip in its video, ascending in time.
        ids: [N] identity in the video.
        classes: [N] row of the class among the model's, -1 for none.
        semantic: [N] bool, a region of a class and not one thing.
        descriptors: [N, D] of what the middle frame of the clip shows; 0 where it shows nothing.
    """

    values: Tensor
    videos: Tensor
    clips: Tensor
    ids: Tensor
    classes: Tensor
    semantic: Tensor
    descriptors: Tensor

    @staticmethod
    def cat(parts: Sequence[Embeddings]) -> Embeddings:
        """All of them, in their order."""
        return Embeddings(
            *(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(parts[0]))
        )

    def __getitem__(self, rows: Tensor) -> Embeddings:
        return Embeddings(*(getattr(self, f.name)[rows] for f in fields(self)))


class ClassQueues(nn.Module):
    """The newest embeddings of each of K classes, as buffers that no gradient enters.

    First in, first out (GvSeg §3.1, N_Q).

    Every process must push the same rows in the same order
    (:func:`vidseg.training.parallel.processes.gather_rows`); then all hold the same.

    Args:
        classes: K.
        length: N_Q, embeddings that a class keeps at most.
        width: C.

    Attributes:
        values: [K, N_Q, C]; what was not pushed yet is 0.
        pushed: [K] int64, embeddings that each class was ever given.
    """

    values: Tensor
    pushed: Tensor

    def __init__(self, classes: int, length: int, width: int) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(classes, length, width))
        self.register_buffer("pushed", torch.zeros(classes, dtype=torch.int64))

    @torch.no_grad()
    def push(self, classes: Tensor, embeddings: Tensor) -> None:
        """Adds embeddings [n, C] to the queues of their ``classes`` [n]; the oldest fall out."""
        length = self.values.shape[1]
        for k in classes.unique().tolist():
            own = embeddings[classes == k]
            places = (self.pushed[k] + torch.arange(len(own), device=own.device)) % length
            kept = slice(max(0, len(own) - length), None)  # no place is written twice
            self.values[k, places[kept]] = own[kept].detach().to(self.values.dtype)
            self.pushed[k] += len(own)

    def samples(self) -> tuple[Tensor, Tensor]:
        """(embeddings [M, C], their classes [M]) of all queues."""
        K, length, _ = self.values.shape
        slots = torch.arange(length, device=self.values.device)
        filled = slots[None] < self.pushed[:, None]
        classes = torch.arange(K, device=self.values.device)[:, None].expand(K, length)
        return self.values[filled], classes[filled]


def video_pairs(things: Embeddings, tau: float) -> Pairs:
    """GvSeg Eq. 10: an anchor against all other clips of its video.

    The same identity is positive where ΔH from the anchor's descriptor is below ``tau``, else
    negative; other identities are negative. Without a descriptor on both sides there is no ΔH, and
    the pair of one identity is no sample.
    """
    elsewhere = _same(things.videos) & ~_same(things.clips)
    same = _same(things.ids)
    near, known = _change(things) < tau, things.descriptors.any(1)
    measured = known[:, None] & known[None]
    positive = elsewhere & same & measured & near
    return positive, elsewhere & ~(same & (near | ~measured))


def frame_pairs(things: Embeddings) -> Pairs:
    """What Table 4e calls ``Frame``: the clips right before and after, by identity alone."""
    distance = (things.clips[:, None] - things.clips[None]).abs()
    beside = _same(things.videos) & (distance == 1)
    same = _same(things.ids)
    return beside & same, beside & ~same


def queue_pairs(classes: Tensor, queued: Tensor) -> Pairs:
    """Regions of ``classes`` [N] against the queues' elements of classes ``queued`` [M]."""
    same = classes[:, None] == queued[None]
    known = (classes >= 0)[:, None]
    return same & known, ~same & known


def contrast_terms(
    found: Embeddings, queues: ClassQueues, config: ContrastConfig
) -> dict[str, Tensor]:
    """``reid`` (contrastive) and ``reid_aux`` (cosine), means over anchors with a positive.

    Nothing is pushed. Empty where no anchor has a positive.
    """
    things, regions = found[~found.semantic], found[found.semantic]
    parts = [_losses(things, things.values, _pairs(things, config.things, config.tau))]
    if config.stuff == "dataset":
        values, classes = queues.samples()
        parts.append(_losses(regions, values, queue_pairs(regions.classes, classes)))
    else:
        parts.append(_losses(regions, regions.values, frame_pairs(regions)))
    anchors = sum(count for _, _, count in parts)
    if not anchors:
        return {}
    shares = [count / anchors for _, _, count in parts]
    return {
        "reid": torch.stack([p[0] * share for p, share in zip(parts, shares, strict=True)]).sum(),
        "reid_aux": torch.stack(
            [p[1] * share for p, share in zip(parts, shares, strict=True)]
        ).sum(),
    }


def _pairs(things: Embeddings, reach: Literal["video", "frame"], tau: float) -> Pairs:
    return video_pairs(things, tau) if reach == "video" else frame_pairs(things)


def _losses(anchors: Embeddings, candidates: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor, int]:
    return pair_losses(anchors.values, candidates.to(anchors.values.dtype), *pairs)


def _same(values: Tensor) -> Tensor:
    return values[:, None] == values[None]


def _change(things: Embeddings) -> Tensor:
    """[N, N] ΔH from row to column inside each video; infinite between videos."""
    H = things.descriptors
    change = H.new_full((len(H), len(H)), math.inf)
    for video in things.videos.unique():
        rows = (things.videos == video).nonzero().flatten()
        change[rows[:, None], rows] = descriptor_change(H[rows][:, None], H[rows][None])
    return change
