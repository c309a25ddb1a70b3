"""Segmentation and tracking quality.

Source: Weber et al., "STEP: Segmenting and Tracking Every Pixel", NeurIPS 2021; numbers equal those
of the public code, its treatment of void included.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from .overlaps import Counts, LabelMap, joint_areas


@dataclass(frozen=True)
class STQScores:
    """All in 0..1.

    Attributes:
        stq: geometric mean of the other two.
        association: AQ, how well things keep their identity.
        segmentation: SQ, mean IoU of the classes.
    """

    stq: float
    association: float
    segmentation: float


@dataclass(eq=False)
class _Tubes:
    """Areas over the frames of one video by tube (class and instance together)."""

    truth: Counter[int] = field(default_factory=Counter)
    predicted: Counter[int] = field(default_factory=Counter)
    both: Counter[tuple[int, int]] = field(default_factory=Counter)

    def association(self) -> float:
        """Sum over true tubes of their association with all predicted ones."""
        total = 0.0
        for (g, p), shared in self.both.items():
            union = self.truth[g] + self.predicted[p] - shared
            total += shared * shared / union / self.truth[g]
        return total


class STQ:
    """Gathers STQ frame by frame over several videos.

    Instance 0 of a thing class in the ground truth is a crowd: its pixels leave both sides of the
    association. Void in the ground truth leaves the segmentation, but void predicted on labelled
    pixels is one more class of IoU 0. A predicted tube has all its pixels off the crowds, void
    included, and changes identity when it changes class.

    Args:
        classes: K; labels outside 0..K-1 are void.
        things: indices of the countable classes.
    """

    def __init__(self, classes: int, things: Collection[int]) -> None:
        self.classes = classes
        self.things = np.array(sorted(things), dtype=np.int64)
        self.confusion: Counts = np.zeros((classes + 1, classes + 1), np.int64)
        self._association, self._true_tubes = 0.0, 0
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
    ) -> None:
        """Adds a frame: classes and instance numbers (0..65535), [H, W] each."""
        right = self._encode(truth, truth_instances)
        said = self._encode(predicted, predicted_instances)
        g, p, areas = joint_areas(right, said)
        np.add.at(self.confusion, (g >> 16, p >> 16), areas)
        true_thing = np.isin(g >> 16, self.things)
        crowd = true_thing & (g & 0xFFFF == 0)
        true_thing &= ~crowd
        predicted_thing = np.isin(p >> 16, self.things) & ~crowd
        tubes = self._tubes
        for row, tube in enumerate(zip(g.tolist(), p.tolist(), strict=True)):
            area = int(areas[row])
            if true_thing[row]:
                tubes.truth[tube[0]] += area
            if predicted_thing[row]:
                tubes.predicted[tube[1]] += area
            if true_thing[row] and predicted_thing[row]:
                tubes.both[tube] += area

    def _encode(self, classes: LabelMap, instances: LabelMap) -> Counts:
        """Class and instance in one number."""
        rows = np.where((classes < 0) | (classes >= self.classes), self.classes, classes)
        encoded: Counts = (rows.astype(np.int64) << 16) + instances
        return encoded

    def compute(self) -> STQScores:
        """Scores over all frames so far; the association of no thing at all is 0."""
        association = self._association + self._tubes.association()
        tubes = self._true_tubes + len(self._tubes.truth)
        aq = association / tubes if tubes else 0.0
        labelled = self.confusion[: self.classes]
        hits = np.append(labelled[:, : self.classes].diagonal(), 0)
        union = np.append(labelled.sum(1), 0) + labelled.sum(0) - hits
        seen = union > 0
        sq = float((hits[seen] / union[seen]).mean()) if seen.any() else math.nan
        return STQScores(math.sqrt(sq * aq), aq, sq)
