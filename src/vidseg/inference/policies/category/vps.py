"""VPS: rules for segments, and one owner per pixel, things by object, stuff by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ....results import FrameResult, Segment, Track
from ...clip import Categories
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...memory.frame_window import FinishedFrames
from ...tracking.entities import Entities
from ...tracking.nms import box_nms
from .detection import Detections, distinct, join
from .panoptic_owners import Owners, owners_of
from .rules import Pair

# Bounds of the first clip, and the overlap of masks that makes stuff a duplicate.
_FIRST_CLIP_THINGS, _FIRST_CLIP_STUFF, _STUFF_OVERLAP = 70, 30, 0.6

# Stuff gives way to things of similar score.
_STUFF_WEIGHT = 0.75
# A thing that was shown before may keep a smaller share of its mask.
_KNOWN_THING = 0.5


class PanopticRules:
    """As :class:`CategoryRules`: every detection counts, things and stuff apart in a first clip."""

    def __init__(self, config: InferenceConfig, is_thing: Tensor) -> None:
        """``is_thing``: [K] bool."""
        self._config = config
        self._is_thing = is_thing
        self.least_score = 2 * config.class_threshold

    def candidates(self, detections: Detections) -> Detections:
        """All."""
        return detections

    def first(self, candidates: Detections) -> Detections:
        """Things without duplicate boxes, stuff without duplicate masks."""
        best = candidates.by_score(self._config.max_detections)
        thing = self._is_thing[best.scores.argmax(dim=1)]
        things = best[thing.nonzero()[:_FIRST_CLIP_THINGS, 0]]
        stuff = best[(~thing).nonzero()[:_FIRST_CLIP_STUFF, 0]]
        things = things[box_nms(things.mask_logits > 0, self._config.nms_threshold)]
        stuff = stuff[distinct(stuff.mask_logits[:, :1] > 0, _STUFF_OVERLAP)]
        found = join(things, stuff)
        return found[found.best > self._config.class_threshold]

    def trusted(self, pairs: list[Pair], affinity: Tensor) -> list[Pair]:
        """All."""
        return pairs

    def kept(self, score: Tensor, measured: Tensor, geometry: FrameGeometry) -> Tensor:
        """All: overlaps are settled when the masks are final."""
        return torch.ones_like(score, dtype=torch.bool)


class PanopticOutput:
    """Segments that do not overlap. A segment id is given when the segment is first shown."""

    def __init__(self, config: InferenceConfig, categories: Categories) -> None:
        self._config = config
        self._categories = categories
        self._thing_ids: dict[int, int] = {}
        self._stuff_ids: dict[int, int] = {}
        self._table: dict[int, tuple[int, float]] = {}
        self._given = 0

    def emit(self, frames: FinishedFrames, entities: Entities) -> list[FrameResult]:
        """As :meth:`CategoryOutput.emit`."""
        rows = (frames.logits > 0).flatten(1).any(dim=1).nonzero()[:, 0].tolist()
        shown: list[tuple[Segment, ...]] = [() for _ in frames.indices]
        if rows:
            owners = owners_of(frames, rows, self._config.published)
            shown = self._settle(
                owners, [entities.ids[n] for n in rows], entities.class_scores[rows]
            )
        return [
            FrameResult(index, time, frames.geometry.source, segments)
            for index, time, segments in zip(frames.indices, frames.times, shown, strict=True)
        ]

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """As :meth:`CategoryOutput.retire`."""
        self._update_table(entities)
        for row in rows:
            self._thing_ids.pop(entities.ids[row], None)

    def tracks(self, entities: Entities) -> tuple[Track, ...]:
        """One row per segment id; a thing has the class that it has at the end."""
        self._update_table(entities)
        names, things = self._categories.names, self._categories.is_thing
        return tuple(
            Track(i, names[k], score, things[k]) for i, (k, score) in sorted(self._table.items())
        )

    def _settle(
        self, owners: Owners, ids: Sequence[int], class_scores: Tensor
    ) -> list[tuple[Segment, ...]]:
        """Segments of each frame, for objects with these ids and class scores [N, K]."""
        best, label = class_scores.max(dim=1)
        labels = label.tolist()
        shares = owners.shares(best * owners.quality * self._weights(ids, labels, best))
        named = [self._segment_id(*facts) for facts in zip(ids, labels, shares, strict=True)]
        kept = [row for row, segment in enumerate(named) if segment is not None]
        rows_of: dict[int, list[int]] = {}
        for order, row in enumerate(kept):
            segment = named[row]
            assert segment is not None
            rows_of.setdefault(segment, []).append(order)
            score = max(float(best[n]) for n in (kept[o] for o in rows_of[segment]))
            self._table[segment] = (labels[row], score)
        return [tuple(self._segments(rows_of, masks)) for masks in owners.masks(kept)]

    def _segments(self, rows_of: dict[int, list[int]], masks: Tensor) -> Iterator[Segment]:
        """The segments of one frame that have any pixel; ``masks`` [rows, H, W]."""
        for i in sorted(rows_of):
            mask = masks[rows_of[i]].any(dim=0)
            if bool(mask.any()):
                k, score = self._table[i]
                name, thing = self._categories.names[k], self._categories.is_thing[k]
                yield Segment(i, mask.cpu().numpy(), score, name, thing)

    def _segment_id(self, entity: int, label: int, share: float) -> int | None:
        """Id under which an object is shown; None if too little of its mask is left."""
        if share == 0:
            return None
        if not self._categories.is_thing[label]:
            return self._stuff_ids.setdefault(label, self._next_id(label in self._stuff_ids))
        known = entity in self._thing_ids
        if share < self._config.overlap_threshold * (_KNOWN_THING if known else 1):
            return None
        return self._thing_ids.setdefault(entity, self._next_id(known))

    def _next_id(self, known: bool) -> int:
        """Counts on unless the segment is known already."""
        self._given += not known
        return self._given

    def _update_table(self, entities: Entities) -> None:
        """Things take the class and score that they have now."""
        if not len(entities):
            return
        best, label = (values.tolist() for values in entities.class_scores.max(dim=1))
        for row, i in enumerate(entities.ids):
            if i in self._thing_ids:
                self._table[self._thing_ids[i]] = (label[row], best[row])

    def _weights(self, ids: Sequence[int], labels: Sequence[int], like: Tensor) -> Tensor:
        things = self._categories.is_thing
        weights = [
            1.0 if things[k] or i in self._thing_ids else _STUFF_WEIGHT
            for i, k in zip(ids, labels, strict=True)
        ]
        return like.new_tensor(weights)
