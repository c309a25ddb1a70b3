"""Still images: VIS, VPS and VSS of one picture, from the learnable queries alone.

Prompted and referring tasks need nothing of their own for a picture: it is a video of one frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...prompts import Prompt
from ...results import FrameResult, Segment, Track
from ...types import Task
from ..clip import Categories, Clip
from ..config import InferenceConfig
from ..frame_geometry import FrameGeometry
from ..mask_scores import class_scores, contenders
from ..tracking.nms import box_iou, mask_boxes
from .base import ClipPredictor
from .category.detection import Detections

# Largest box overlap of two segments of one class.
PANOPTIC_OVERLAP, INSTANCE_OVERLAP = 0.9, 0.85
# Scores of one query compete as a softmax of this temperature.
TEMPERATURE = 0.06


class ImagePolicy:
    """Pictures on their own: frames of a clip, if there are several, know nothing of each other."""

    def __init__(
        self, predictor: ClipPredictor, config: InferenceConfig, task: Task, categories: Categories
    ) -> None:
        self._predictor = predictor
        self._config = config
        self._categories = categories
        self._is_thing = torch.tensor(categories.is_thing, device=categories.embeddings.device)
        self._answer = {
            Task.VIS: self._instances,
            Task.VPS: self._panoptic,
            Task.VSS: self._semantic,
        }[task]
        self._tracks: tuple[Track, ...] = ()

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; takes no prompts."""
        results = []
        for t in range(len(clip) - clip.new, len(clip)):
            found = Detections.of(self._predictor.predict(clip.frame(t)))
            segments = self._answer(found, clip.geometry)
            self._tracks = tuple(Track(s.id, s.category, s.score, s.is_thing) for s in segments)
            size = clip.geometry.source
            results.append(FrameResult(clip.indices[t], clip.times[t], size, tuple(segments)))
        return results

    def finish(self) -> list[FrameResult]:
        """Nothing is held back."""
        return []

    def tracks(self) -> tuple[Track, ...]:
        """The segments of the last picture."""
        return self._tracks

    # -- tasks ----------------------------------------------------------------------------------

    def _instances(self, found: Detections, geometry: FrameGeometry) -> list[Segment]:
        """Things; one detection may be listed under several classes, best pairs first."""
        found = found[found.quality > self._config.stability_threshold]
        scores = found.scores * self._is_thing
        best, label = scores.max(1) if len(found) else (found.quality, found.quality.long())
        order = best.argsort(descending=True, stable=True)
        found, best, label = found[order], best[order], label[order]
        kept = class_nms(found.mask_logits[:, 0] > 0, label, INSTANCE_OVERLAP)
        kept &= best > self._config.class_threshold
        rows = kept.nonzero()[: self._config.max_detections, 0]
        masks = (geometry.to_source(found.mask_logits[rows, 0]) > 0).cpu().numpy()
        seen = [k for k in range(len(rows)) if masks[k].any()]
        return [
            self._segment(n + 1, masks[k], float(best[rows[k]]), int(label[rows[k]]))
            for n, k in enumerate(seen)
        ]

    def _panoptic(self, found: Detections, geometry: FrameGeometry) -> list[Segment]:
        """Every pixel to one segment; stuff of one class is one segment."""
        best = found.best
        order = best.argsort(descending=True, stable=True)
        found, best = found[order], best[order]
        kept = class_nms(found.mask_logits[:, 0] > 0, found.scores.argmax(1), PANOPTIC_OVERLAP)
        found = found[kept & (best > self._config.image_threshold)]
        if not len(found):
            return []
        score, label = (found.scores / TEMPERATURE).softmax(1).max(1)
        probability = geometry.contested(found.mask_logits[:, 0]).sigmoid()
        winner = (score[:, None, None] * probability).argmax(0)
        claimed = probability >= 0.5
        owned = claimed & (winner == torch.arange(len(found), device=winner.device)[:, None, None])
        areas = torch.stack([claimed.flatten(1).sum(1), owned.flatten(1).sum(1)], 1).tolist()
        scores, labels = score.tolist(), label.tolist()
        ids: dict[tuple[int, int], int] = {}
        parts: dict[int, tuple[Tensor, float, int]] = {}
        for n, (area, kept_area) in enumerate(areas):
            if not kept_area or kept_area < self._config.overlap_threshold * area:
                continue
            k, own = labels[n], owned[n]
            name = ids.setdefault((k, n if self._categories.is_thing[k] else -1), len(ids) + 1)
            old, best_score, _ = parts.get(name, (torch.zeros_like(own), 0.0, k))
            parts[name] = (old | own, max(best_score, scores[n]), k)
        return [
            self._segment(name, geometry.labels_to_source(mask) > 0, value, k)
            for name, (mask, value, k) in parts.items()
        ]

    def _semantic(self, found: Detections, geometry: FrameGeometry) -> list[Segment]:
        """The class of every pixel."""
        weights = (found.scores / TEMPERATURE).softmax(1)
        scores = class_scores(weights, found.mask_logits[:, 0])
        rows = contenders(scores)
        best, winner = geometry.to_source(scores[rows]).max(0)
        classes = torch.where(best >= self._config.semantic_threshold, rows[winner], -1)
        labels = classes.cpu().numpy()
        return [
            self._segment(k + 1, labels == k, min(1.0, float(best[classes == k].mean())), k)
            for k in np.unique(labels[labels >= 0]).tolist()
        ]

    def _segment(self, name: int, mask: np.ndarray, score: float, k: int) -> Segment:
        return Segment(name, mask, score, self._categories.names[k], self._categories.is_thing[k])


def class_nms(masks: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Which segments stay: no box of the same class that stays and comes earlier overlaps more.

    Args:
        masks: [N, h, w] bool, by falling score.
        labels: [N] classes.
        threshold: largest IoU of boxes.

    Returns:
        [N] bool.
    """
    h, w = masks.shape[-2:]
    boxes = mask_boxes(masks) / torch.tensor([w, h, w, h], device=masks.device)
    rivals = (box_iou(boxes[:, None])[..., 0] > threshold) & (labels[:, None] == labels)
    rivals = rivals.cpu()  # once, for each row depends on those before it
    kept = torch.ones(len(labels), dtype=torch.bool)
    for n in range(len(labels)):
        kept[n] = not bool((rivals[n, :n] & kept[:n]).any())
    return kept.to(masks.device)
