"""ReID terms of a batch: which embeddings show one object, inside a stream and between streams."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...models.decoder.tensors import Prediction
from .config import LossConfig
from .reid_loss import contrastive_loss, cosine_loss
from .targets import ClipTargets, PromptTargets


class StreamReid:
    """Collects the ReID of the clips of a batch inside one query stream."""

    def __init__(self, config: LossConfig) -> None:
        self._config = config
        self._contrastive, self._cosine = _WeightedMean(), _WeightedMean()

    def add(self, embeddings: Tensor, ids: Tensor, seen: Tensor) -> None:
        """Adds one clip.

        Args:
            embeddings: [M, T, C]; ids: [M] identity; seen: [M, T] bool, the object is there.
        """
        config = self._config
        if (config.reid <= 0 and config.reid_aux <= 0) or not bool(seen.any()):
            return
        flat = embeddings[seen]
        identity = ids[:, None].expand_as(seen)[seen]
        same = identity[:, None] == identity[None]
        most = config.reid_columns
        if config.reid > 0:
            self._contrastive.add(contrastive_loss(flat, flat, same, most=most), len(flat))
        if config.reid_aux > 0:
            self._cosine.add(cosine_loss(flat, flat, same, most=most), len(flat))

    def terms(self) -> dict[str, Tensor]:
        """Means over all rows, by name; without those that no clip had."""
        return self._contrastive.term("reid") | self._cosine.term("reid_aux")


def reid_between(
    config: LossConfig,
    learnable: Prediction,
    asked: Prediction,
    found: Sequence[tuple[Tensor, Tensor]],
    clips: Sequence[ClipTargets],
    prompts: PromptTargets,
) -> dict[str, Tensor]:
    """ReID of matched learnable queries with the prompts of the same object or class.

    Args:
        learnable, asked: the two streams of a prediction.
        found: (query rows, rows among the clip's instances) of each clip.
        clips, prompts: targets of the streams.
    """
    contrastive, cosine = _WeightedMean(), _WeightedMean()
    if config.reid_l2p <= 0 and config.reid_l2p_aux <= 0:
        return {}
    for b, (rows, matched) in enumerate(found):
        clip = clips[b]
        own_rows = clip.is_target.nonzero().flatten()[matched]
        identity = clip.labels[own_rows] if prompts.kind == "category" else own_rows
        seen = clip.masks[own_rows].flatten(2).any(2)
        asked_seen = prompts.masks[b].flatten(2).any(2) & (prompts.rows[b] >= 0)[:, None]
        anchors = learnable.embeddings[b, rows][seen]
        others = asked.embeddings[b][asked_seen]
        own = identity[:, None].expand_as(seen)[seen]
        theirs = prompts.rows[b][:, None].expand_as(asked_seen)[asked_seen]
        same = own[:, None] == theirs[None]
        if not bool(same.any()):
            continue
        most, count = config.reid_columns, len(anchors)
        if config.reid_l2p > 0:
            contrastive.add(contrastive_loss(anchors, others, same, most=most), count)
        if config.reid_l2p_aux > 0 and prompts.kind != "category":
            cosine.add(cosine_loss(anchors, others, same, most=most), count)
    return contrastive.term("reid_l2p") | cosine.term("reid_l2p_aux")


class _WeightedMean:
    """Mean of losses, each weighted by the number of its rows."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def add(self, loss: Tensor, count: int) -> None:
        self._sum = loss * count if self._sum is None else self._sum + loss * count
        self._count += count

    def term(self, name: str) -> dict[str, Tensor]:
        return {} if self._sum is None else {name: self._sum / self._count}
