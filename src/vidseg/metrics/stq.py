"""Segmentation and tracking quality.

Source: Weber et al., "STEP: Segmenting and Tracking Every Pixel", NeurIPS 2021; numbers equal those
of the public code, its treatment of void included.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .overlaps import Counts, LabelMap, joint_areas

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class STQScores:
    """All in 0..1.

    Attributes:
        stq: geometric mean of the other two.
        association: AQ, how well things keep their identity; 0 without any thing.
        segmentation: SQ, mean IoU of the classes; NaN without any labelled pixel.
        tubes: true things (one of each video that it is in), crowds left out.
        iou: [K + 1] of each class and, last, of void predicted on labelled pixels, which is 0
            where it occurs; NaN for what occurs on neither side.
        association_single: AQ from terms in single precision, as DeepLab2's TensorFlow class
            forms it; differs by about 1e-9.
    """

    stq: float
    association: float
    segmentation: float
    tubes: int
    iou: npt.NDArray[np.float64] = field(repr=False)
    association_single: float = field(default=0.0, repr=False)


@dataclass(eq=False)
class _Tubes:
    """Areas over the frames of one video by tube (class and instance together)."""

    truth: Counter[int] = field(default_factory=Counter)
    predicted: Counter[int] = field(default_factory=Counter)
    both: Counter[tuple[int, int]] = field(default_factory=Counter)

    def association(self) -> npt.NDArray[np.float64]:
        """[2] sum over true tubes of their association with all predicted ones.

        First from terms in double, then from terms in single precision.
        """
        double = single = 0.0
        for (g, p), shared in self.both.items():
            union = self.truth[g] + self.predicted[p] - shared
            double += shared * shared / union / self.truth[g]
            short = np.float32(shared)
            single += float(short * (short / np.float32(union))) / self.truth[g]
        return np.array([double, single])


class STQ:
    """Gathers STQ frame by frame over several videos.

    Instance 0 of a thing class in the ground truth is a crowd: its pixels leave both sides of the
    association. Void in the ground truth leaves the segmentation, but void predicted on labelled
    pixels is one more class of IoU 0. A predicted tube has all its pixels off the crowds, void
    included, and changes identity when it changes class.

    Args:
        classes: K; labels outside 0..K-1 are void.
        things: indices of the countable classes.

    Attributes:
        confusion: [K + 1, K + 1] pixels by true and predicted class, void last.
    """

    def __init__(self, classes: int, things: Collection[int]) -> None:
        self.classes = classes
        self.things = np.array(sorted(things), dtype=np.int64)
        self.confusion: Counts = np.zeros((classes + 1, classes + 1), np.int64)
        self._association, self._true_tubes = np.zeros(2), 0
        self._tubes = _Tubes()

    def start_video(self) -> None:
        """Says that the next frame belongs to another video."""
        self._association += self._tubes.association()
        self._true_tubes += len(self._tubes.truth)
        self._tubes = _Tubes()

    def update(
        self,
        predicted: LabelMap,
        predicted_instances: LabelMap,
        truth: LabelMap,
        truth_instances: LabelMap,
        areas: Counts | None = None,
    ) -> None:
        """Adds a frame.

        Args:
            predicted, truth: classes, [H, W] each, or [N] where ``areas`` is given.
            predicted_instances, truth_instances: instance numbers, 0..65535, of the same shape.
            areas: pixels of each element, as :func:`~vidseg.metrics.overlaps.joint_areas`
                returns them.
        """
        true_codes = self._encode(truth, truth_instances)
        predicted_codes = self._encode(predicted, predicted_instances)
        g, p, areas = joint_areas(true_codes, predicted_codes, areas)
        np.add.at(self.confusion, (g >> 16, p >> 16), areas)
        true_thing = np.isin(g >> 16, self.things)
        crowd = true_thing & (g & 0xFFFF == 0)
        true_thing &= ~crowd
        predicted_thing = np.isin(p >> 16, self.things) & ~crowd
        tubes = self._tubes
        rows = zip(*(a.tolist() for a in (g, p, areas, true_thing, predicted_thing)), strict=True)
        for true_tube, predicted_tube, area, on_truth, on_predicted in rows:
            if on_truth:
                tubes.truth[true_tube] += area
            if on_predicted:
                tubes.predicted[predicted_tube] += area
            if on_truth and on_predicted:
                tubes.both[true_tube, predicted_tube] += area

    def _encode(self, classes: LabelMap, instances: LabelMap) -> Counts:
        """Class and instance in one number."""
        rows = np.where((classes < 0) | (classes >= self.classes), self.classes, classes)
        encoded: Counts = (rows.astype(np.int64) << 16) + instances
        return encoded

    def merge(self, other: Self) -> None:
        """Adds what another meter gathered; the next frame belongs to another video.

        Raises ValueError for a meter of other classes.
        """
        if self.classes != other.classes or not np.array_equal(self.things, other.things):
            raise ValueError("Only meters of the same classes can be merged.")
        self.start_video()
        self.confusion += other.confusion
        self._association += other._association + other._tubes.association()
        self._true_tubes += other._true_tubes + len(other._tubes.truth)

    def compute(self) -> STQScores:
        """Scores over all frames so far."""
        association = self._association + self._tubes.association()
        tubes = self._true_tubes + len(self._tubes.truth)
        aq, single = (association / max(tubes, 1)).tolist()
        labelled = self.confusion[: self.classes]
        hits = np.append(labelled[:, : self.classes].diagonal(), 0)
        union = np.append(labelled.sum(1), 0) + labelled.sum(0) - hits
        seen = union > 0
        iou = np.full(self.classes + 1, math.nan)
        iou[seen] = hits[seen] / union[seen]
        sq = float(iou[seen].mean()) if seen.any() else math.nan
        return STQScores(math.sqrt(sq * aq), aq, sq, tubes, iou, single)
