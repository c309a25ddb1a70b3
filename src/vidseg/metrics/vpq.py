"""Video panoptic quality: PQ of tubes of k consecutive frames.

Source: Kim et al., "Video Panoptic Segmentation", CVPR 2020; numbers equal those of the public
code of VIPSeg (Miao et al., CVPR 2022). With k = 1 it is PQ of single pictures.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from .overlaps import joint_areas
from .panoptic import PanopticMap


@dataclass(frozen=True)
class PanopticQuality:
    """Means over the classes of a group that occur; NaN if none does. All in 0..1.

    Attributes:
        pq: panoptic quality, per class sq · rq.
        sq: mean IoU of matched segments.
        rq: F1 of finding segments.
        classes: how many classes occur.
    """

    pq: float
    sq: float
    rq: float
    classes: int


@dataclass(frozen=True)
class VPQScores:
    """VPQ of one window length over all, thing and stuff classes."""

    all: PanopticQuality
    things: PanopticQuality
    stuff: PanopticQuality


class _ClassSums:
    """Sums over all windows and videos, [K] each."""

    def __init__(self, classes: int) -> None:
        self.iou = np.zeros(classes)
        self.hits, self.misses, self.alarms = np.zeros((3, classes), np.int64)

    def quality(self, chosen: Collection[int]) -> PanopticQuality:
        rows = [row for row in sorted(chosen) if self.hits[row] + self._errors(row) > 0]
        if not rows:
            return PanopticQuality(math.nan, math.nan, math.nan, 0)
        weights = [self.hits[row] + self._errors(row) for row in rows]
        pq = [self.iou[row] / weight for row, weight in zip(rows, weights, strict=True)]
        rq = [self.hits[row] / weight for row, weight in zip(rows, weights, strict=True)]
        sq = [self.iou[row] / self.hits[row] if self.hits[row] else 0.0 for row in rows]
        return PanopticQuality(
            float(np.mean(pq)), float(np.mean(sq)), float(np.mean(rq)), len(rows)
        )

    def _errors(self, row: int) -> float:
        return float(self.misses[row] + self.alarms[row]) / 2


@dataclass(frozen=True, eq=False)
class _FrameTable:
    """Areas of one frame by (true id, predicted id), and the classes of both."""

    areas: Counter[tuple[int, int]]
    truth: dict[int, int]
    predicted: dict[int, int]
    crowds: frozenset[int]


class VPQ:
    """Gathers VPQ frame by frame; holds small tables of the last frames and no maps.

    A predicted and a true tube of one class match above an IoU of 0.5, the void under the
    prediction left out. A predicted tube that lies by more than half on void or on a crowd of its
    class is no false alarm. A tube has the class of its first frame in the window.

    Args:
        classes: K.
        things: indices of the countable classes.
        windows: the values of k. Every start counts; a video shorter than k has no window.
    """

    def __init__(
        self, classes: int, things: Collection[int], windows: Sequence[int] = (1, 2, 4, 6, 8)
    ) -> None:
        self.classes = classes
        self.things = frozenset(things)
        self._sums = {length: _ClassSums(classes) for length in windows}
        self._frames: deque[_FrameTable] = deque(maxlen=max(windows))

    def start_video(self) -> None:
        """Says that the next frame belongs to another video."""
        self._frames.clear()

    def update(self, predicted: PanopticMap, truth: PanopticMap) -> None:
        """Adds the next frame of the video. Raises DataError for an id without a valid class."""
        right, said, areas = joint_areas(truth.ids, predicted.ids)
        pairs = zip(right.tolist(), said.tolist(), areas.tolist(), strict=True)
        table = _FrameTable(
            Counter({(g, p): area for g, p, area in pairs}),
            self._classes_of(right.tolist(), truth, "true"),
            self._classes_of(said.tolist(), predicted, "predicted"),
            truth.crowds,
        )
        self._frames.append(table)
        for length, sums in self._sums.items():
            if len(self._frames) >= length:
                _score_window(list(self._frames)[-length:], sums)

    def _classes_of(self, ids: list[int], panoptic: PanopticMap, side: str) -> dict[int, int]:
        found = {id: panoptic.classes.get(id, -1) for id in ids if id != 0}
        for id, row in found.items():
            if not 0 <= row < self.classes:
                raise DataError(f"The {side} segment {id} needs a class in 0..{self.classes - 1}.")
        return found

    def compute(self) -> dict[int, VPQScores]:
        """k → scores. VPQ is the mean of ``all.pq`` over k."""
        stuff = frozenset(range(self.classes)) - self.things
        return {
            length: VPQScores(
                sums.quality(self.things | stuff), sums.quality(self.things), sums.quality(stuff)
            )
            for length, sums in self._sums.items()
        }


def _score_window(frames: Sequence[_FrameTable], sums: _ClassSums) -> None:
    areas: Counter[tuple[int, int]] = Counter()
    truth: dict[int, int] = {}
    predicted: dict[int, int] = {}
    for frame in frames:
        areas.update(frame.areas)
        for classes, found in ((truth, frame.truth), (predicted, frame.predicted)):
            for id, row in found.items():
                classes.setdefault(id, row)
    crowds = frozenset().union(*(frame.crowds for frame in frames))
    true_area: Counter[int] = Counter()
    predicted_area: Counter[int] = Counter()
    for (g, p), area in areas.items():
        true_area[g] += area
        predicted_area[p] += area
    matched = set()
    for (g, p), shared in areas.items():
        if g == 0 or p == 0 or g in crowds or truth[g] != predicted[p]:
            continue
        iou = shared / (true_area[g] + predicted_area[p] - shared - areas[0, p])
        if iou > 0.5:
            matched |= {("true", g), ("predicted", p)}
            sums.hits[truth[g]] += 1
            sums.iou[truth[g]] += iou
    for g, row in truth.items():
        if ("true", g) not in matched and g not in crowds:
            sums.misses[row] += 1
    crowd_of = {row: g for g, row in truth.items() if g in crowds}  # the last one of a class
    for p, row in predicted.items():
        excused = areas[0, p] + (areas[crowd_of[row], p] if row in crowd_of else 0)
        if ("predicted", p) not in matched and excused / predicted_area[p] <= 0.5:
            sums.alarms[row] += 1
