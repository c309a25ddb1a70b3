"""Detections of learnable queries in one clip, and which of them are worth a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ...config import InferenceConfig
from ...mask_quality import mask_quality
from ...tracking.nms import box_nms, mask_iou, no_higher_duplicate

# Bounds of the first clip of VPS, and the overlap of masks that makes stuff a duplicate.
_FIRST_CLIP_THINGS, _FIRST_CLIP_STUFF, _STUFF_OVERLAP = 70, 30, 0.6
# A first clip of VIS accepts nothing below, however low the threshold.
_LOWEST_FIRST_SCORE = 0.1


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


def instance_candidates(detections: Detections, config: InferenceConfig) -> Detections:
    """VIS: sharply drawn, among the best, and no duplicate of a better one; sorted by score."""
    sharp = detections[detections.quality > config.stability_threshold]
    best = sharp.by_score(config.max_detections)
    return best[box_nms(best.mask_logits > 0, config.nms_threshold)]


def first_instances(candidates: Detections, config: InferenceConfig) -> Detections:
    """VIS, nothing tracked yet: what is found."""
    return candidates[candidates.best > max(config.class_threshold, _LOWEST_FIRST_SCORE)]


def first_segments(detections: Detections, is_thing: Tensor, config: InferenceConfig) -> Detections:
    """VPS, nothing tracked yet: things without duplicate boxes, stuff without duplicate masks."""
    best = detections.by_score(config.max_detections)
    thing = is_thing[best.scores.argmax(dim=1)]
    things = best[thing.nonzero()[:_FIRST_CLIP_THINGS, 0]]
    stuff = best[(~thing).nonzero()[:_FIRST_CLIP_STUFF, 0]]
    things = things[box_nms(things.mask_logits > 0, config.nms_threshold)]
    stuff = stuff[distinct(stuff.mask_logits[:, :1] > 0, _STUFF_OVERLAP)]
    found = join(things, stuff)
    return found[found.best > config.class_threshold]


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
