"""VSS: the class of every pixel, from the queries of a clip (UniVS §4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ...prompts import Prompt
from ...results import FrameResult, Segment, Track
from ...types import IdMap
from ..class_maps import class_scores, class_weights, contenders
from ..config import InferenceConfig
from ..frame_geometry import FrameGeometry
from ..mask_quality import mask_quality
from .base import Categories, Clip
from .category.clip_decoder import ClipAnswers


class SemanticPolicy:
    """One video of VSS. Frames are independent but for optional smoothing of the scores."""

    def __init__(
        self, decoder: ClipAnswers, config: InferenceConfig, categories: Categories
    ) -> None:
        self._decoder = decoder
        self._config = config
        self._categories = categories
        self._stop = 0
        self._smoothed: Tensor | None = None
        self._score_sums = np.zeros((len(categories.names), 2))

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; VSS takes no prompts. All new frames are final at once."""
        prediction = self._decoder.decode(clip)
        logits = prediction.mask_logits[0, : prediction.learnable].float()
        quality = mask_quality(logits)
        if self._config.mask_measures == "pixels":
            quality = mask_quality(clip.geometry.to_padded(logits))
        weights = class_weights(prediction, quality)
        results = []
        for t in range(max(0, self._stop - clip.start), len(clip)):
            classes, scores = self._classes(clip.geometry, weights, logits[:, t])
            results.append(self._result(clip, t, classes, scores))
        self._stop = clip.stop
        return results

    def finish(self) -> list[FrameResult]:
        """Nothing is held back."""
        return []

    def tracks(self) -> tuple[Track, ...]:
        """One row per class that was seen, its score the mean over the frames that show it."""
        return tuple(
            Track(k + 1, name, float(total / frames), self._categories.is_thing[k])
            for k, (name, (total, frames)) in enumerate(
                zip(self._categories.names, self._score_sums, strict=True)
            )
            if frames
        )

    def _classes(
        self, geometry: FrameGeometry, weights: Tensor, logits: Tensor
    ) -> tuple[IdMap, Tensor]:
        """[Hs, Ws] class of every pixel, -1 for none, and [K] the mean score of each class."""
        if self._config.mask_measures == "pixels":
            logits = geometry.crop(geometry.to_padded(logits))
        scores = class_scores(weights, logits)
        keep = self._config.semantic_smoothing
        if keep > 0:
            if self._smoothed is not None:
                scores = torch.lerp(scores, self._smoothed, keep)
            self._smoothed = scores
        if (
            self._config.mask_measures == "pixels"
        ):  # labels go to the source by nearest, as released
            best, winner = scores.max(0)
            classes = torch.where(best >= self._config.semantic_threshold, winner, -1)
            means = _means(winner, best, len(scores))
            return _nearest(classes, geometry.source), means
        rows = contenders(scores)
        best, winner = geometry.to_source(scores[rows]).max(0)
        winner = rows[winner]
        classes = torch.where(best >= self._config.semantic_threshold, winner, -1)
        return classes.to(torch.int32).cpu().numpy(), _means(winner, best, len(scores))

    def _result(self, clip: Clip, t: int, classes: IdMap, scores: Tensor) -> FrameResult:
        segments = []
        for k in np.unique(classes[classes >= 0]).tolist():
            score = min(1.0, float(scores[k]))
            self._score_sums[k] += (score, 1)
            segments.append(
                Segment(
                    k + 1,
                    classes == k,
                    score,
                    self._categories.names[k],
                    self._categories.is_thing[k],
                )
            )
        return FrameResult(clip.indices[t], clip.times[t], clip.geometry.source, tuple(segments))


def _means(winner: Tensor, best: Tensor, K: int) -> Tensor:
    """[K] mean of ``best`` over the pixels of each winner; 0 where a class has none."""
    pixels = torch.bincount(winner.flatten(), minlength=K)
    total = torch.bincount(winner.flatten(), best.flatten(), minlength=K)
    return total / pixels.clamp(min=1)


def _nearest(classes: Tensor, size: tuple[int, int]) -> IdMap:
    """A map of class indices at another size."""
    labels = classes.to(torch.int32).cpu().numpy()
    if labels.shape == size:
        return np.asarray(labels)
    resized = Image.fromarray(labels, mode="I").resize(size[::-1], Image.Resampling.NEAREST)
    return np.asarray(resized, dtype=np.int32)
