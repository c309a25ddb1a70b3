"""Region similarity J and contour accuracy F of DAVIS, and their mean, recall and decay.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016; numbers equal those of the public evaluation code.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..types import MaskArray
from .contours import Contour, Disk, Transitions, count_close, disk, shared_areas

Values = npt.NDArray[np.float64]

CONTOUR_TOLERANCE = 0.008
"""Share of the image diagonal by which two contours may lie apart and still agree."""


def contour_radius(size: tuple[int, int], tolerance: float = CONTOUR_TOLERANCE) -> int:
    """How many pixels apart contours of a (height, width) picture may lie: rounded up."""
    return math.ceil(tolerance * math.hypot(*size))


def region_similarity(predicted: MaskArray, truth: MaskArray) -> float:
    """J: intersection over union of two [H, W] masks, 0..1; 1 where both are empty."""
    union = int(np.count_nonzero(predicted | truth))
    return int(np.count_nonzero(predicted & truth)) / union if union else 1.0


def agreement(predicted: Contour, truth: Contour, near: Disk) -> float:
    """F: harmonic mean of precision and recall of two contours, 0..1.

    A contour pixel counts as found where the other contour has a pixel within ``near``. 1 where
    neither mask has a contour, 0 where one has none.
    """
    if len(predicted) == 0 or len(truth) == 0:
        return float(len(predicted) == len(truth))
    hits, found = count_close(predicted, truth, near)
    precision, recall = hits / len(predicted), found / len(truth)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def score_pairs(
    predicted: Transitions, truth: Transitions, pairs: Sequence[tuple[int, int]]
) -> tuple[Values, Values]:
    """J and F of pairs of objects of two maps of one size, [N] each, 0..1.

    Args:
        pairs: N times (predicted label, true label), 1..255; labels may be absent from their map.

    Raises ValueError where the sizes differ.
    """
    predicted_labels = sorted({p for p, _ in pairs})
    true_labels = sorted({g for _, g in pairs})
    areas, true_areas, shared = shared_areas(predicted, truth, predicted_labels, true_labels)
    outlines = {p: predicted.contour(p) for p in predicted_labels}
    true_outlines = {g: truth.contour(g) for g in true_labels}
    near = disk(contour_radius(truth.size))
    region, accuracy = np.ones(len(pairs)), np.empty(len(pairs))
    for k, (p, g) in enumerate(pairs):
        row, column = predicted_labels.index(p), true_labels.index(g)
        both = int(shared[row, column])
        union = int(areas[row] + true_areas[column]) - both
        if union:
            region[k] = both / union
        accuracy[k] = agreement(outlines[p], true_outlines[g], near)
    return region, accuracy


@dataclass(frozen=True)
class SequenceStatistics:
    """Summary of one object's values over the frames of a video.

    Attributes:
        mean: 0..1.
        recall: share of the frames with a value above 0.5.
        decay: mean of the first quarter minus mean of the last one; positive = it got worse.
    """

    mean: float
    recall: float
    decay: float


def sequence_statistics(values: Sequence[float]) -> SequenceStatistics:
    """Mean, recall and decay of the values of consecutive frames. Raises ValueError for none.

    Neighbouring quarters share a frame. As in the public code their limits are 8-bit numbers, so
    the decay of a video of more than 256 frames is taken over frames nearer to its start.
    """
    if len(values) == 0:
        raise ValueError("A sequence needs the value of at least one frame.")
    array = np.asarray(values, dtype=np.float64)
    limits = np.round(np.linspace(1, len(array), 5) + 1e-10) - 1
    a, b, _, d, e = (int(limit) % 256 for limit in limits)
    first, last = array[a : b + 1], array[d : e + 1]
    decay = float(first.mean() - last.mean()) if len(first) and len(last) else math.nan
    return SequenceStatistics(float(array.mean()), float((array > 0.5).mean()), decay)


@dataclass(frozen=True)
class JFScores:
    """J and F, each first summarised per object and then averaged over the objects."""

    region: SequenceStatistics
    contour: SequenceStatistics
    objects: int

    @property
    def mean(self) -> float:
        """J&F: the mean of both means."""
        return (self.region.mean + self.contour.mean) / 2


class JFMeter:
    """Gathers J and F frame by frame. Which frames count is the caller's rule.

    Attributes:
        region, contour: values of each object, frame after frame; keys in order of appearance.
        strays: (video, label) of predicted labels that no object has, as the caller found them.
    """

    def __init__(self) -> None:
        self.strays: set[tuple[str, int]] = set()
        self.region: dict[Hashable, list[float]] = {}
        self.contour: dict[Hashable, list[float]] = {}

    def update(self, key: Hashable, predicted: MaskArray, truth: MaskArray) -> None:
        """Adds one frame of one object; ``key`` names the object among all videos."""
        maps = (Transitions(mask.astype(np.uint8)) for mask in (predicted, truth))
        self.update_maps({key: 1}, *maps)

    def update_maps(
        self, labels: Mapping[Hashable, int], predicted: Transitions, truth: Transitions
    ) -> None:
        """Adds one frame of several objects: key → label in both maps."""
        values = score_pairs(predicted, truth, [(k, k) for k in labels.values()])
        for key, region, accuracy in zip(labels, *values, strict=True):
            self.add(key, [float(region)], [float(accuracy)])

    def add(self, key: Hashable, region: Sequence[float], accuracy: Sequence[float]) -> None:
        """Adds the J and F of consecutive frames of one object."""
        self.region.setdefault(key, []).extend(region)
        self.contour.setdefault(key, []).extend(accuracy)

    def merge(self, other: JFMeter) -> None:
        """Adds the frames of ``other``; those of an object that both have come after ours."""
        for key, region in other.region.items():
            self.add(key, region, other.contour[key])
        self.strays |= other.strays

    def compute(self) -> JFScores:
        """Scores over all objects so far. Raises ValueError if nothing was added."""
        if not self.region:
            raise ValueError("No frame was added.")
        return JFScores(_over_objects(self.region), _over_objects(self.contour), len(self.region))


def _over_objects(values: dict[Hashable, list[float]]) -> SequenceStatistics:
    rows = [sequence_statistics(sequence) for sequence in values.values()]
    return SequenceStatistics(
        mean=float(np.mean([row.mean for row in rows])),
        recall=float(np.mean([row.recall for row in rows])),
        decay=float(np.mean([row.decay for row in rows])),
    )
