"""Panoptic VOS: IoU and boundary IoU of all things and stuff that were given by a mask.

Source: Xu et al., "Video Object Segmentation in Panoptic Wild Scenes", IJCAI 2023; numbers equal
those of the public code of VIPOSeg.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .boundary import inner_rims, rim_width
from .overlaps import LabelMap, joint_areas

if TYPE_CHECKING:
    from typing_extensions import Self

GROUPS = ("thing_seen", "thing_unseen", "stuff_seen", "stuff_unseen")
"""Kinds of objects: unseen are those whose class is not in the training set."""

_MOST_OBJECTS = 60  # the decay is fitted to frames with fewer known objects


@dataclass(eq=False)
class PairSums:
    """Sums over (frame, object) pairs; both IoUs of a pair are 0..1."""

    region: float = 0.0
    boundary: float = 0.0
    pairs: int = 0

    def merge(self, other: PairSums) -> None:
        """Adds other pairs."""
        self.region += other.region
        self.boundary += other.boundary
        self.pairs += other.pairs

    def scores(self) -> PairScores:
        """The means; NaN without a pair."""
        if not self.pairs:
            return PairScores(math.nan, math.nan)
        return PairScores(self.region / self.pairs, self.boundary / self.pairs)


@dataclass(frozen=True)
class PairScores:
    """Mean IoU of masks (``region``) and of their inner rims (``boundary``), 0..1."""

    region: float
    boundary: float

    @property
    def mean(self) -> float:
        """Mean of both."""
        return (self.region + self.boundary) / 2


@dataclass(frozen=True)
class PanopticVOSScores:
    """All in 0..1 but the decay.

    Attributes:
        groups: group → means over its (frame, object) pairs; NaN for a group without any.
        overall: G, the mean over the four groups.
        decay: rate at which the IoU falls with the number of known objects, per 100 objects;
            infinite where a number of objects has an IoU of 0.
        by_count: number of known objects → mean of both IoUs.
    """

    groups: Mapping[str, PairScores]
    overall: float
    decay: float
    by_count: Mapping[int, float] = field(repr=False)


class PanopticVOSMeter:
    """Gathers IoU and boundary IoU frame by frame.

    An object counts from the frame after the one in which it is given to the end of the video. An
    object that is absent from both maps scores 1, from one of them 0. Labels are compared as they
    are, also 255. An object that is given twice counts twice.

    Attributes:
        objects: (video, id) → sums over the frames.
        groups: (video, id) → group, None for an object that counts in no group.
        strays: (video, id) of predicted ids that are of no object of the video.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[Hashable, int], PairSums] = {}
        self.groups: dict[tuple[Hashable, int], str | None] = {}
        self.strays: set[tuple[Hashable, int]] = set()
        self._by_count: dict[int, PairSums] = {}

    def start_video(self, name: Hashable, groups: Mapping[int, str | None]) -> None:
        """Says that the next frame belongs to the video ``name``; ``groups`` is of its objects."""
        self._name, self._group_of = name, groups
        self._known: list[int] = []

    def update(self, predicted: LabelMap, truth: LabelMap, given: Iterable[int] = ()) -> None:
        """Adds the next frame of the video.

        Args:
            predicted, truth: [H, W] object ids, 0..65535.
            given: ids of the objects whose true mask is given in this frame. Each needs an
                entry in the groups of the video (KeyError without).
        """
        if self._known:
            self._score(predicted, truth)
        for id in given:
            self.groups[self._name, id] = self._group_of[id]
            self.objects.setdefault((self._name, id), PairSums())
            self._known.append(id)

    def _score(self, predicted: LabelMap, truth: LabelMap) -> None:
        region, boundary = _shared_areas(predicted, truth)
        unknown = region.predicted.keys() - self._group_of.keys() - {0}
        self.strays |= {(self._name, id) for id in unknown}
        total = self._by_count.setdefault(len(self._known), PairSums())
        for id in self._known:
            pair = PairSums(region.iou(id), boundary.iou(id), 1)
            self.objects[self._name, id].merge(pair)
            total.merge(pair)

    def merge(self, other: Self) -> None:
        """Adds what a meter of other videos gathered; ``start_video`` comes next."""
        for key, sums in other.objects.items():
            self.objects.setdefault(key, PairSums()).merge(sums)
        self.groups.update(other.groups)
        self.strays |= other.strays
        for count, sums in other._by_count.items():
            self._by_count.setdefault(count, PairSums()).merge(sums)

    def compute(self) -> PanopticVOSScores:
        """Scores of all frames so far."""
        totals = {group: PairSums() for group in GROUPS}
        for key, sums in self.objects.items():
            group = self.groups[key]
            if group is not None:
                totals[group].merge(sums)
        groups = {group: sums.scores() for group, sums in totals.items()}
        by_count = {count: sums.scores().mean for count, sums in sorted(self._by_count.items())}
        overall = sum(scores.mean for scores in groups.values()) / len(GROUPS)
        return PanopticVOSScores(groups, overall, decay_rate(by_count), by_count)


def decay_rate(by_count: Mapping[int, float]) -> float:
    """Least squares of -ln(IoU) against (number of objects) / 100 through the origin.

    Only counts below 60 enter; NaN without any, infinite where an IoU is 0.

    >>> round(decay_rate({10: math.exp(-0.2), 20: math.exp(-0.4)}), 12)
    2.0
    """
    fitted = {count: iou for count, iou in by_count.items() if count < _MOST_OBJECTS}
    if any(iou == 0 for iou in fitted.values()):
        return math.inf
    squares = sum((count / 100) ** 2 for count in fitted)
    if not squares:
        return math.nan
    return sum(-math.log(iou) * count / 100 for count, iou in fitted.items()) / squares


@dataclass(eq=False)
class _Areas:
    """Areas of the objects of two maps, and what each has in common with its namesake."""

    predicted: Counter[int] = field(default_factory=Counter)
    truth: Counter[int] = field(default_factory=Counter)
    both: Counter[int] = field(default_factory=Counter)

    def iou(self, id: int) -> float:
        if not self.predicted[id] and not self.truth[id]:
            return 1.0
        union = self.predicted[id] + self.truth[id] - self.both[id]
        return self.both[id] / union


def _shared_areas(predicted: LabelMap, truth: LabelMap) -> tuple[_Areas, _Areas]:
    """Areas of whole objects and of their inner rims."""
    table = joint_areas(_with_rims(truth), _with_rims(predicted))
    region, boundary = _Areas(), _Areas()
    for g, p, area in zip(*(column.tolist() for column in table), strict=True):
        true_id, said_id = g >> 1, p >> 1
        on_truth, on_predicted = g & 1, p & 1
        region.truth[true_id] += area
        region.predicted[said_id] += area
        boundary.truth[true_id] += area * on_truth
        boundary.predicted[said_id] += area * on_predicted
        if true_id == said_id:
            region.both[true_id] += area
            boundary.both[true_id] += area * (on_truth & on_predicted)
    return region, boundary


def _with_rims(labels: LabelMap) -> LabelMap:
    """Twice the id, plus 1 on the rim of its object."""
    width = rim_width((int(labels.shape[0]), int(labels.shape[1])))
    kind = np.min_scalar_type(2 * int(labels.max(initial=0)) + 1)  # small maps are quick
    told: LabelMap = labels.astype(kind)
    told += told  # shifting small numbers is many times slower
    told |= inner_rims(labels, width).astype(kind, copy=False)
    return told
