"""From settled logits to the results of VOS and PVOS at source resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ....results import FrameResult, Segment, Track
from ....types import IdMap, MaskArray
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...mask_quality import mask_quality
from ...memory.clip_window import ClipWindow
from ..annotations import Annotation

Given = Mapping[tuple[int, int], Annotation]
"""Masks that the user gave, by (object, position of the frame)."""


class PromptedResults:
    """Knows name and kind of every object, and counts scores for the video-level table."""

    def __init__(self, config: InferenceConfig) -> None:
        self._config = config
        self._geometry: FrameGeometry | None = None
        self._emitted = 0
        self._categories: dict[int, str | None] = {}
        self._is_thing: dict[int, bool] = {}
        self._score_sums: dict[int, tuple[float, int]] = {}

    def describe(self, annotation: Annotation) -> None:
        """Learns class and kind of an object from what the user said."""
        name = annotation.object_id
        if name > 0:
            self._categories[name] = annotation.category or self._categories.get(name)
            self._is_thing[name] = annotation.is_thing and self._is_thing.get(name, True)

    def stuff(self) -> dict[int, str]:
        """Class of every object that is stuff and whose class is known."""
        return {
            name: category
            for name, category in self._categories.items()
            if category is not None and not self._is_thing[name]
        }

    def emit(
        self,
        geometry: FrameGeometry,
        window: ClipWindow,
        ids: Sequence[int],
        given: Given,
        count: int,
    ) -> list[FrameResult]:
        """Results of the ``count`` oldest frames of the window."""
        self._geometry = geometry
        count = min(count, len(window.stamps))
        return [self._frame(geometry, window, ids, given, k) for k in range(count)]

    def rest(self, window: ClipWindow, ids: Sequence[int], given: Given) -> list[FrameResult]:
        """Results of the frames of the window that were not given out yet."""
        if self._geometry is None:
            return []
        return [
            self._frame(self._geometry, window, ids, given, k)
            for k, stamp in enumerate(window.stamps)
            if stamp.position >= self._emitted
        ]

    def tracks(self) -> tuple[Track, ...]:
        """One row per object, its score the mean over the frames that show it."""
        return tuple(
            Track(name, self._categories[name], total / max(1, frames), self._is_thing[name])
            for name, (total, frames) in sorted(self._score_sums.items())
        )

    def _frame(
        self,
        geometry: FrameGeometry,
        window: ClipWindow,
        ids: Sequence[int],
        given: Given,
        column: int,
    ) -> FrameResult:
        stamp = window.stamps[column]
        self._emitted = stamp.position + 1
        rows = sorted((r for r, i in enumerate(ids) if i > 0), key=lambda r: ids[r])
        logits = (
            window.logits[rows, column] / window.count[rows, column].clamp(min=1)[:, None, None]
        )
        quality = mask_quality(logits).tolist()
        owners = self._owners(geometry, logits)
        segments = []
        for k, row in enumerate(rows):
            name = ids[row]
            own = given.get((name, stamp.position))
            score = 1.0 if own is not None else float(quality[k])
            mask = owners == k
            if self._config.shared_pixels == "largest":
                mask = self._with_given(mask, name, stamp.position, given)
            visible = bool(mask.any())
            total, frames = self._score_sums.get(name, (0.0, 0))
            self._score_sums[name] = (total + score * visible, frames + visible)
            segments.append(
                Segment(
                    name,
                    mask,
                    score if visible else 0.0,
                    self._categories[name],
                    self._is_thing[name],
                )
            )
        return FrameResult(stamp.index, stamp.time, geometry.source, tuple(segments))

    def _owners(self, geometry: FrameGeometry, logits: Tensor) -> IdMap:
        """[Hs, Ws] row of the object that owns each source pixel, -1 for none."""
        visible = (logits > 0).flatten(1).any(1).nonzero()[:, 0]
        if not len(visible):
            return np.full(geometry.source, -1, dtype=np.int32)
        if self._config.mask_measures == "pixels":
            source = geometry.padded_to_source(logits[visible])
        else:
            source = geometry.to_source(logits[visible])
        if self._config.shared_pixels == "first":
            winner = (source > 0).int().argmax(0)
        else:
            winner = source.argmax(0)
        owned = (source > 0).any(0)
        owners = torch.where(owned, visible[winner], -1)
        result: IdMap = owners.to(torch.int32).cpu().numpy()
        return result

    @staticmethod
    def _with_given(mask: MaskArray, name: int, position: int, given: Given) -> MaskArray:
        """A given mask stands as it was given, and others make room for it."""
        here = {i: a.mask for (i, at), a in given.items() if at == position and a.mask is not None}
        if name in here:
            return here[name]
        for other in here.values():
            mask = mask & ~other
        return mask
