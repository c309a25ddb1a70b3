"""Results of VIS: masks of instances that may overlap, and scores per object and class."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ....results import FrameResult, Segment, Track
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...memory.mask_window import FinishedFrames
from ...tracking.entities import Entities
from ..base import Categories
from .output import source_logits
from .scores import LifetimeScores, RoundScores, best_rows


class InstanceOutput:
    """Instances with a pixel in sight, each with its best class so far."""

    def __init__(self, config: InferenceConfig, categories: Categories) -> None:
        self._config = config
        self._categories = categories
        self._scores = RoundScores() if config.unborn_scores else LifetimeScores()

    def emit(
        self, frames: FinishedFrames, entities: Entities, geometry: FrameGeometry
    ) -> list[FrameResult]:
        """As :meth:`CategoryOutput.emit`."""
        labels = self._labels(entities)
        visible = [False] * len(entities)
        results = []
        logits = frames.mean
        for f, (index, time) in enumerate(zip(frames.indices, frames.times, strict=True)):
            rows = (logits[:, f] > 0).flatten(1).any(dim=1).nonzero()[:, 0].tolist()
            masks = (source_logits(logits[rows, f], geometry, self._config) > 0).cpu()
            shown = [n for n in range(len(rows)) if bool(masks[n].any())]
            for n in shown:
                visible[rows[n]] = True
            segments = (
                self._segment(entities.ids[rows[n]], masks[n], labels[rows[n]]) for n in shown
            )
            results.append(FrameResult(index, time, geometry.source, tuple(segments)))
        self._scores.count(entities, visible)
        return results

    def _labels(self, entities: Entities) -> list[tuple[int, float]]:
        if not len(entities):
            return []
        best, label = entities.class_scores.max(dim=1)
        return list(zip(label.tolist(), best.tolist(), strict=True))

    def _segment(self, i: int, mask: Tensor, label: tuple[int, float]) -> Segment:
        k, score = label
        thing = self._categories.is_thing[k]
        return Segment(i, mask.numpy(), score, self._categories.names[k], thing)

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """As :meth:`CategoryOutput.retire`."""
        self._scores.retire(entities, rows)

    def tracks(self, entities: Entities) -> tuple[Track, ...]:
        """One row per object and class worth reporting, by object and class."""
        objects = list(self._scores.objects(entities))
        rows = best_rows(objects, self._config.max_detections)
        names, things = self._categories.names, self._categories.is_thing
        return tuple(Track(i, names[k], score, things[k]) for i, k, score in rows)
