"""Results of VPS: one owner per pixel, things by object, stuff by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...results import FrameResult, Segment, Track
from ..config import InferenceConfig
from ..entities import Entities
from ..mask_quality import joint_mask_quality, mask_quality
from ..mask_window import FinishedFrames
from ..overlaps import winner_masks
from ..preprocess import FrameGeometry
from .base import Categories
from .category_vis import source_logits

# Stuff gives way to things of similar score.
_STUFF_WEIGHT = 0.75
# A thing that was shown before may keep a smaller share of its mask.
_KNOWN_THING = 0.5


class PanopticOutput:
    """Segments that do not overlap. A segment id is given when the segment is first shown."""

    def __init__(self, config: InferenceConfig, categories: Categories) -> None:
        self._config = config
        self._categories = categories
        self._thing_ids: dict[int, int] = {}
        self._stuff_ids: dict[int, int] = {}
        self._table: dict[int, tuple[int, float]] = {}
        self._given = 0

    def emit(
        self, frames: FinishedFrames, entities: Entities, geometry: FrameGeometry
    ) -> list[FrameResult]:
        """As :meth:`CategoryOutput.emit`."""
        logits = frames.logits if self._config.overlapping_clips == "sum" else frames.mean
        rows = (logits > 0).flatten(1).any(dim=1).nonzero()[:, 0].tolist()
        owned: list[list[Segment]] = [[] for _ in frames.indices]
        if rows:
            best, label = entities.class_scores[rows].max(dim=1)
            ids = [entities.ids[row] for row in rows]
            owned = self._settle(logits[rows], ids, best, label.tolist(), geometry)
        return [
            FrameResult(index, time, geometry.source, tuple(segments))
            for index, time, segments in zip(frames.indices, frames.times, owned, strict=True)
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
        self,
        logits: Tensor,
        ids: Sequence[int],
        best: Tensor,
        labels: Sequence[int],
        geometry: FrameGeometry,
    ) -> list[list[Segment]]:
        """Segments of each of F frames from logits [N, F, h, w] of objects with these classes."""
        score = best * self._quality(logits, geometry) * self._weights(ids, labels, best)
        parts = [self._won(picture, score) for picture in self._pictures(logits, geometry)]
        won = torch.stack([mask for mask, _ in parts])
        claimed = torch.stack([area for _, area in parts])
        kept = won.flatten(2).sum(dim=(0, 2)) / claimed.sum(dim=0).clamp(min=1)
        masks: dict[int, Tensor] = {}
        facts: dict[int, tuple[int, float]] = {}
        for row, share in enumerate(kept.tolist()):
            segment = self._segment_id(ids[row], labels[row], share)
            if segment is not None:
                masks[segment] = masks[segment] | won[:, row] if segment in masks else won[:, row]
                value = max(float(best[row]), facts.get(segment, (0, 0.0))[1])
                facts[segment] = (labels[row], value)
        self._table |= facts
        return [self._segments(masks, facts, f) for f in range(logits.shape[1])]

    def _segments(
        self, masks: dict[int, Tensor], facts: dict[int, tuple[int, float]], frame: int
    ) -> list[Segment]:
        segments = []
        for i in sorted(masks):
            mask = masks[i][frame]
            if bool(mask.any()):
                k, score = facts[i]
                name, thing = self._categories.names[k], self._categories.is_thing[k]
                segments.append(Segment(i, mask.cpu().numpy(), score, name, thing))
        return segments

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

    def _won(self, logits: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
        """[N, H, W] bool: pixels that an object claims and wins; [N]: how many it claims."""
        probability = logits.sigmoid()
        inside = probability >= 0.5
        value = logits if self._config.merge_by == "logit" else probability
        won = winner_masks(score[:, None, None] * value, inside) & inside
        return won, inside.flatten(1).sum(dim=1)

    def _weights(self, ids: Sequence[int], labels: Sequence[int], like: Tensor) -> Tensor:
        things = self._categories.is_thing
        weights = [
            1.0 if things[k] or i in self._thing_ids else _STUFF_WEIGHT
            for i, k in zip(ids, labels, strict=True)
        ]
        return like.new_tensor(weights)

    def _quality(self, logits: Tensor, geometry: FrameGeometry) -> Tensor:
        """[N] over all frames, on the grid that the configuration names."""
        if self._config.mask_measures == "cells":
            return mask_quality(logits)
        return joint_mask_quality(self._pictures(logits, geometry))

    def _pictures(self, logits: Tensor, geometry: FrameGeometry) -> Iterator[Tensor]:
        """[N, H, W] logits at source size, one frame at a time to save memory."""
        for f in range(logits.shape[1]):
            yield source_logits(logits[:, f], geometry, self._config)
