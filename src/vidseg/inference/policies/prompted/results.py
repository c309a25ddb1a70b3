"""From settled logits to the results of VOS and PVOS at source resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ....results import FrameResult, Segment, Track
from ....types import IdMap, MaskArray
from ...frame_geometry import FrameGeometry
from ...mask_scores import mask_quality
from ...memory.frame_window import FinishedFrames
from ...released_behaviour import PublishedBehaviour
from ...tracking.track_scores import MeanScores
from ..annotations import Annotation

Given = Mapping[tuple[int, int], Annotation]
"""Masks that the user gave, by (object, position of the frame)."""


class PromptedResults:
    """Knows name and kind of every object, and counts scores for the video-level table."""

    def __init__(self, behaviour: PublishedBehaviour) -> None:
        self._shared_pixels = behaviour.shared_pixels
        self._categories: dict[int, str | None] = {}
        self._is_thing: dict[int, bool] = {}
        self._scores = MeanScores()

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
        self, frames: FinishedFrames | None, ids: Sequence[int], given: Given
    ) -> list[FrameResult]:
        """Results of frames whose rows belong to the objects ``ids``."""
        if frames is None:
            return []
        mean, size = frames.mean, frames.geometry.source
        stamps = enumerate(zip(frames.indices, frames.times, strict=True))
        rows = sorted((r for r, i in enumerate(ids) if i > 0), key=lambda r: ids[r])
        names = [ids[row] for row in rows]
        return [
            FrameResult(
                index,
                time,
                size,
                self._segments(frames.geometry, mean[rows, f], names, frames.start + f, given),
            )
            for f, (index, time) in stamps
        ]

    def tracks(self) -> tuple[Track, ...]:
        """One row per object, its score the mean over the frames that show it."""
        return tuple(
            Track(name, self._categories[name], mean, self._is_thing[name])
            for name, mean in self._scores.means()
        )

    def _segments(
        self,
        geometry: FrameGeometry,
        logits: Tensor,
        names: Sequence[int],
        position: int,
        given: Given,
    ) -> tuple[Segment, ...]:
        """One segment for each object, out of the logits [N, h, w] of a frame."""
        quality = mask_quality(logits).tolist()
        owners = self._owners(geometry, logits)
        segments = []
        for k, name in enumerate(names):
            score = 1.0 if (name, position) in given else float(quality[k])
            mask = owners == k
            if self._shared_pixels == "largest":
                mask = self._with_given(mask, name, position, given)
            visible = bool(mask.any())
            self._scores.add(name, score, visible=visible)
            category, thing = self._categories[name], self._is_thing[name]
            segments.append(Segment(name, mask, score if visible else 0.0, category, thing))
        return tuple(segments)

    def _owners(self, geometry: FrameGeometry, logits: Tensor) -> IdMap:
        """[Hs, Ws] row of the object that owns each source pixel, -1 for none."""
        visible = (logits > 0).flatten(1).any(1).nonzero()[:, 0]
        if not len(visible):
            return np.full(geometry.source, -1, dtype=np.int32)
        source = geometry.measured_to_source(logits[visible])
        if self._shared_pixels == "first":
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
