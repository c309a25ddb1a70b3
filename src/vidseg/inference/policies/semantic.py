"""VSS: the class of every pixel, from the queries of a clip (UniVS §4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...prompts import Prompt
from ...results import FrameResult, Segment, Track
from ...types import IdMap
from ..clip import Categories, Clip
from ..config import InferenceConfig
from ..frame_geometry import FrameGeometry
from ..mask_scores import (
    class_scores,
    class_weights,
    contenders,
    mask_quality,
    means_of_winners,
)
from ..published.class_map import PixelClassMap
from ..tracking.track_scores import MeanScores
from .base import ClipPredictor


class CellClassMap:
    """Class scores are summed on the decoder's grid and compete on source pixels."""

    def scores(self, geometry: FrameGeometry, weights: Tensor, logits: Tensor) -> Tensor:
        """[K, h, w] class scores of the cells of one frame; see :func:`class_scores`."""
        return class_scores(weights, logits)

    def settle(self, geometry: FrameGeometry, scores: Tensor, least: float) -> tuple[IdMap, Tensor]:
        """[Hs, Ws] classes, -1 below ``least``, and [K] mean scores, out of [K, h, w] scores."""
        rows = contenders(scores)
        best, winner = geometry.to_source(scores[rows]).max(0)
        winner = rows[winner]
        classes = torch.where(best >= least, winner, -1)
        means = means_of_winners(winner, best, len(scores))
        return classes.to(torch.int32).cpu().numpy(), means


class SemanticPolicy:
    """One video of VSS. Frames are independent but for optional smoothing of the scores."""

    def __init__(
        self, predictor: ClipPredictor, config: InferenceConfig, categories: Categories
    ) -> None:
        self._predictor = predictor
        self._config = config
        self._categories = categories
        self._stop = 0
        self._smoothed: Tensor | None = None
        self._scores = MeanScores()
        pixels = config.published.mask_measures == "pixels"
        self._class_map = PixelClassMap() if pixels else CellClassMap()

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; VSS takes no prompts. All new frames are final at once."""
        prediction = self._predictor.predict(clip)
        logits = prediction.mask_logits[0, : prediction.learnable].float()
        weights = class_weights(prediction, mask_quality(clip.geometry.measured(logits)))
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
        names, things = self._categories.names, self._categories.is_thing
        return tuple(Track(k + 1, names[k], mean, things[k]) for k, mean in self._scores.means())

    def _classes(
        self, geometry: FrameGeometry, weights: Tensor, logits: Tensor
    ) -> tuple[IdMap, Tensor]:
        """[Hs, Ws] class of every pixel, -1 for none, and [K] the mean score of each class."""
        scores = self._class_map.scores(geometry, weights, logits)
        keep = self._config.semantic_smoothing
        if keep > 0:
            if self._smoothed is not None:
                scores = torch.lerp(scores, self._smoothed, keep)
            self._smoothed = scores
        return self._class_map.settle(geometry, scores, self._config.semantic_threshold)

    def _result(self, clip: Clip, t: int, classes: IdMap, scores: Tensor) -> FrameResult:
        segments = []
        for k in np.unique(classes[classes >= 0]).tolist():
            score = min(1.0, float(scores[k]))
            self._scores.add(k, score)
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
