"""VIS: rules for instances, whose masks may overlap, and their scores per object and class."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ....results import FrameResult, Segment, Track
from ...clip import Categories
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...mask_scores import undisputed
from ...memory.frame_window import FinishedFrames
from ...published.rounds import RoundScores
from ...tracking.entities import Entities
from ...tracking.nms import box_nms
from ...tracking.track_scores import LifetimeScores, best_rows
from .detection import Detections
from .rules import Pair

# A first clip accepts nothing below, however low the threshold.
_LOWEST_FIRST_SCORE = 0.1
# A remembered object must keep this share of its mask against the others.
_LEAST_SHARE = 0.5


class InstanceRules:
    """As :class:`CategoryRules`: only sharp masks count, and only clear matches move a mask."""

    def __init__(self, config: InferenceConfig) -> None:
        self._config = config
        self.least_score = config.class_threshold

    def candidates(self, detections: Detections) -> Detections:
        """Sharp, among the best, and no duplicate of a better one; sorted by score."""
        sharp = detections[detections.quality > self._config.stability_threshold]
        best = sharp.by_score(self._config.max_detections)
        return best[box_nms(best.mask_logits > 0, self._config.nms_threshold)]

    def first(self, candidates: Detections) -> Detections:
        """Those with a high class score."""
        return candidates[candidates.best > max(self.least_score, _LOWEST_FIRST_SCORE)]

    def trusted(self, pairs: list[Pair], affinity: Tensor) -> list[Pair]:
        """Those with twice the affinity that a pair needs."""
        doubled = 2 * self._config.tracking.new_object_threshold
        return [pair for pair in pairs if float(affinity[pair]) > doubled]

    def kept(self, score: Tensor, measured: Tensor, geometry: FrameGeometry) -> Tensor:
        """Those that are not duplicates which others overrule."""
        shown = geometry.shown(measured).sigmoid()
        return undisputed(score[:, None, None, None] * shown, shown > 0.5, _LEAST_SHARE)


class InstanceOutput:
    """Instances with a pixel in sight, each with its best class so far."""

    def __init__(self, config: InferenceConfig, categories: Categories) -> None:
        self._config = config
        self._categories = categories
        self._scores = RoundScores() if config.published.unborn_scores else LifetimeScores()

    def emit(self, frames: FinishedFrames, entities: Entities) -> list[FrameResult]:
        """As :meth:`CategoryOutput.emit`."""
        labels = self._labels(entities)
        results = []
        logits, geometry = frames.mean, frames.geometry
        for f, (index, time) in enumerate(zip(frames.indices, frames.times, strict=True)):
            rows = (logits[:, f] > 0).flatten(1).any(dim=1).nonzero()[:, 0].tolist()
            measured = geometry.measured(logits[rows, f])
            masks = (geometry.measured_to_source(measured) > 0).cpu()
            shown = [n for n in range(len(rows)) if bool(masks[n].any())]
            segments = (
                self._segment(entities.ids[rows[n]], masks[n], labels[rows[n]]) for n in shown
            )
            results.append(FrameResult(index, time, geometry.source, tuple(segments)))
        self._scores.count(entities)
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
