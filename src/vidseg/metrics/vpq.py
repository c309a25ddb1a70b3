"""Video panoptic quality: PQ of tubes of k consecutive frames.

Source: Kim et al., "Video Panoptic Segmentation", CVPR 2020; numbers equal those of the public
code of VIPSeg (Miao et al., CVPR 2022) and, for ground truth without crowds, those of DeepLab2.
With k = 1 it is PQ of single pictures.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from .overlaps import Counts, joint_areas
from .panoptic import PanopticMap

if TYPE_CHECKING:
    from typing_extensions import Self

Key = TypeVar("Key")


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


class ClassSums:
    """Sums of each class over all windows and videos.

    Attributes:
        iou: [K] IoU of the matched pairs.
        hits, misses, alarms: [K] matched pairs, unmatched true and unmatched predicted segments.
    """

    def __init__(self, classes: int) -> None:
        self.iou: npt.NDArray[np.float64] = np.zeros(classes)
        self.hits: Counts = np.zeros(classes, np.int64)
        self.misses: Counts = np.zeros(classes, np.int64)
        self.alarms: Counts = np.zeros(classes, np.int64)

    def merge(self, other: ClassSums) -> None:
        """Adds the sums of other videos."""
        self.iou += other.iou
        self.hits += other.hits
        self.misses += other.misses
        self.alarms += other.alarms

    def quality(self, chosen: Collection[int]) -> PanopticQuality:
        """Means over those of the chosen classes that occur."""
        weights = self.hits + (self.misses + self.alarms) / 2
        rows = np.array([row for row in sorted(chosen) if weights[row] > 0], np.int64)
        if not len(rows):
            return PanopticQuality(math.nan, math.nan, math.nan, 0)
        iou, hits, weights = self.iou[rows], self.hits[rows], weights[rows]
        sq = iou / np.maximum(hits, 1)
        return PanopticQuality(
            float((iou / weights).mean()),
            float(sq.mean()),
            float((hits / weights).mean()),
            len(rows),
        )


@dataclass(frozen=True)
class VPQScores:
    """VPQ of one window length over all, thing and stuff classes, and what it was made from."""

    all: PanopticQuality
    things: PanopticQuality
    stuff: PanopticQuality
    sums: ClassSums = field(repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class _Frame:
    """Areas of one frame by (true id, predicted id), and the classes of both sides' ids."""

    pairs: Mapping[tuple[int, int], int]
    truth_areas: Mapping[int, int]
    predicted_areas: Mapping[int, int]
    truth: Mapping[int, int]
    predicted: Mapping[int, int]
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
        self._windows = {length: _Window(length, classes) for length in windows}

    def start_video(self) -> None:
        """Says that the next frame belongs to another video."""
        for window in self._windows.values():
            window.clear()

    def update(
        self, predicted: PanopticMap, truth: PanopticMap, areas: Counts | None = None
    ) -> None:
        """Adds the next frame of the video.

        Args:
            predicted, truth: ids of one shape, [H, W], or [N] where ``areas`` is given.
            areas: pixels of each element of the ids, as
                :func:`~vidseg.metrics.overlaps.joint_areas` returns them.

        Raises DataError for an id without a valid class or an impossible stated area.
        """
        true_ids, predicted_ids, areas = joint_areas(truth.ids, predicted.ids, areas)
        pairs = dict(
            zip(
                zip(true_ids.tolist(), predicted_ids.tolist(), strict=True),
                areas.tolist(),
                strict=True,
            )
        )
        truth_areas: Counter[int] = Counter()
        predicted_areas: Counter[int] = Counter()
        for (g, p), area in pairs.items():
            truth_areas[g] += area
            predicted_areas[p] += area
        frame = _Frame(
            pairs,
            truth_areas if truth.areas is None else {g: truth.areas[g] for g in truth_areas if g},
            predicted_areas,
            self._classes_of(truth_areas, truth, "true"),
            self._classes_of(predicted_areas, predicted, "predicted"),
            truth.crowds,
        )
        for window in self._windows.values():
            window.push(frame)

    def _classes_of(
        self, present: Collection[int], panoptic: PanopticMap, side: str
    ) -> dict[int, int]:
        """Classes of the ids that are there, in the order in which the frame lists them."""
        for id in present:
            if id != 0 and not 0 <= panoptic.classes.get(id, -1) < self.classes:
                raise DataError(f"The {side} segment {id} needs a class in 0..{self.classes - 1}.")
        return {id: row for id, row in panoptic.classes.items() if id != 0 and id in present}

    def merge(self, other: Self) -> None:
        """Adds what another meter gathered; the next frame belongs to another video.

        Raises ValueError for a meter of other classes or windows.
        """
        if (self.classes, self.things, [*self._windows]) != (
            other.classes,
            other.things,
            [*other._windows],
        ):
            raise ValueError("Only meters of the same classes and windows can be merged.")
        self.start_video()
        for length, window in self._windows.items():
            window.sums.merge(other._windows[length].sums)

    def compute(self) -> dict[int, VPQScores]:
        """k → scores. VPQ is the mean of ``all.pq`` over k."""
        stuff = frozenset(range(self.classes)) - self.things
        scores = {}
        for length, window in self._windows.items():
            sums = ClassSums(self.classes)
            sums.merge(window.sums)
            scores[length] = VPQScores(
                all=sums.quality(self.things | stuff),
                things=sums.quality(self.things),
                stuff=sums.quality(stuff),
                sums=sums,
            )
        return scores


class _Window:
    """The last k frames as one picture, whose areas follow as frames come and go."""

    def __init__(self, length: int, classes: int) -> None:
        self.length = length
        self.sums = ClassSums(classes)
        self.clear()

    def clear(self) -> None:
        self._frames: deque[_Frame] = deque()
        self._pairs: dict[tuple[int, int], int] = {}
        self._truth: dict[int, int] = {}
        self._predicted: dict[int, int] = {}

    def push(self, frame: _Frame) -> None:
        self._frames.append(frame)
        self._add(frame, 1)
        if len(self._frames) > self.length:
            self._add(self._frames.popleft(), -1)
        if len(self._frames) == self.length:
            self._score()

    def _add(self, frame: _Frame, sign: int) -> None:
        _add(self._pairs, frame.pairs, sign)
        _add(self._truth, frame.truth_areas, sign)
        _add(self._predicted, frame.predicted_areas, sign)

    def _score(self) -> None:
        truth: dict[int, int] = {}
        predicted: dict[int, int] = {}
        for frame in reversed(self._frames):  # so that the first frame of a tube has the say
            truth.update(frame.truth)
            predicted.update(frame.predicted)
        crowds = dict(self._crowds()) if any(frame.crowds for frame in self._frames) else {}
        sums, pairs = self.sums, self._pairs
        true_hits, said_hits = set(), set()
        for (g, p), shared in pairs.items():
            if g == 0 or p == 0 or truth[g] != predicted[p] or g in crowds:
                continue
            area = self._truth.get(g, 0)  # 0 is not kept
            union = area + self._predicted[p] - shared - pairs.get((0, p), 0)
            if not area or shared > union:
                raise DataError(f"The stated area of the true segment {g} is less than its pixels.")
            if 2 * shared > union:
                true_hits.add(g)
                said_hits.add(p)
                sums.hits[truth[g]] += 1
                sums.iou[truth[g]] += shared / union
        for g, row in truth.items():
            if g not in true_hits and g not in crowds:
                sums.misses[row] += 1
        crowd_of = {row: g for g, row in crowds.items()}
        for p, row in predicted.items():
            if p in said_hits:
                continue
            excused = pairs.get((0, p), 0)
            if row in crowd_of:
                excused += pairs.get((crowd_of[row], p), 0)
            if 2 * excused <= self._predicted[p]:
                sums.alarms[row] += 1

    def _crowds(self) -> Iterator[tuple[int, int]]:
        """(id, class) of the crowds in the order of their first appearance."""
        seen = set()
        for frame in self._frames:
            for g, row in frame.truth.items():
                if g not in seen and g in frame.crowds:
                    yield g, row
                seen.add(g)


def _add(totals: dict[Key, int], parts: Mapping[Key, int], sign: int) -> None:
    for key, part in parts.items():
        total = totals.get(key, 0) + sign * part
        if total:
            totals[key] = total
        else:
            totals.pop(key, None)
