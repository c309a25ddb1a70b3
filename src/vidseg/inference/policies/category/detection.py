"""Detections of learnable queries in one clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ...mask_scores import mask_quality
from ...tracking.nms import mask_iou, no_higher_duplicate


@dataclass(frozen=True, eq=False)
class Detections:
    """Q answers of learnable queries.

    Attributes:
        scores: [Q, K] class probability times mask quality.
        quality: [Q].
        mask_logits: [Q, T, h, w].
        embeddings: [Q, T, C].
    """

    scores: Tensor
    quality: Tensor
    mask_logits: Tensor
    embeddings: Tensor

    @staticmethod
    def of(prediction: Prediction) -> Detections:
        """The learnable rows of the first clip in a prediction with class logits."""
        assert prediction.class_logits is not None, "detection needs class embeddings"
        rows = slice(0, prediction.learnable)
        masks = prediction.mask_logits[0, rows].float()
        quality = mask_quality(masks)
        scores = prediction.class_logits[0, rows].float().sigmoid() * quality[:, None]
        return Detections(scores, quality, masks, prediction.embeddings[0, rows].float())

    def __len__(self) -> int:
        return int(self.scores.shape[0])

    def __getitem__(self, rows: Tensor | Sequence[int]) -> Detections:
        index = torch.as_tensor(rows, device=self.scores.device)
        index = index if index.dtype == torch.bool else index.long()
        return Detections(
            self.scores[index],
            self.quality[index],
            self.mask_logits[index],
            self.embeddings[index],
        )

    @property
    def best(self) -> Tensor:
        """[Q] score of the best class."""
        return self.scores.amax(dim=1)

    def by_score(self, count: int) -> Detections:
        """The ``count`` best, sorted by falling score."""
        return self[self.best.argsort(descending=True, stable=True)[:count]]


def distinct(masks: Tensor, threshold: float) -> Tensor:
    """[Q] bool: in no frame a duplicate of an earlier mask; masks are [Q, T, h, w] bool."""
    return no_higher_duplicate(mask_iou(masks, masks).amax(dim=2), threshold)


def join(first: Detections, second: Detections) -> Detections:
    """Both, one after the other."""
    return Detections(
        torch.cat([first.scores, second.scores]),
        torch.cat([first.quality, second.quality]),
        torch.cat([first.mask_logits, second.mask_logits]),
        torch.cat([first.embeddings, second.embeddings]),
    )
