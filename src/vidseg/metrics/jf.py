"""Region similarity J and contour accuracy F of DAVIS, and their mean, recall and decay.

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016; numbers equal those of the public evaluation code.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from ..types import MaskArray

CONTOUR_TOLERANCE = 0.008
"""Share of the image diagonal by which two contours may lie apart and still agree."""


def region_similarity(predicted: MaskArray, truth: MaskArray) -> float:
    """J: intersection over union of two [H, W] masks, 0..1; 1 where both are empty."""
    union = int(np.count_nonzero(predicted | truth))
    return int(np.count_nonzero(predicted & truth)) / union if union else 1.0


def contour(mask: MaskArray) -> MaskArray:
    """[H, W] bool: pixels that differ from their right, lower or lower right neighbour.

    The rim of the picture is no contour, so a mask that fills the picture has none.

    >>> contour(np.array([[False, True, True]])).astype(int).tolist()
    [[1, 0, 0]]
    """
    edge = np.zeros(mask.shape, dtype=bool)
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return edge


def contour_accuracy(
    predicted: MaskArray, truth: MaskArray, tolerance: float = CONTOUR_TOLERANCE
) -> float:
    """F: harmonic mean of precision and recall of the contours of two [H, W] masks, 0..1.

    A contour pixel counts as found where the other contour has a pixel within ``tolerance`` of the
    diagonal, rounded up to whole pixels. 1 where neither mask has a contour, 0 where one has none.
    """
    radius = math.ceil(tolerance * math.hypot(*truth.shape))
    ours, theirs = np.argwhere(contour(predicted)), np.argwhere(contour(truth))
    if len(ours) == 0 or len(theirs) == 0:
        return float(len(ours) == len(theirs))
    precision = _share_within(ours, theirs, radius)
    recall = _share_within(theirs, ours, radius)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share_within(
    points: npt.NDArray[np.int64], others: npt.NDArray[np.int64], radius: int
) -> float:
    """Share of points [N, 2] that have one of the others [M, 2] no further than ``radius``."""
    # The bound is exclusive, and squared distances are whole numbers.
    distances, _ = KDTree(others).query(points, distance_upper_bound=radius + 0.5)
    return int(np.count_nonzero(distances <= radius)) / len(points)


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
    """Gathers J and F frame by frame. Which frames count is the caller's rule."""

    def __init__(self) -> None:
        self.region: dict[Hashable, list[float]] = defaultdict(list)
        self.contour: dict[Hashable, list[float]] = defaultdict(list)

    def update(self, key: Hashable, predicted: MaskArray, truth: MaskArray) -> None:
        """Adds one frame of one object; ``key`` names the object among all videos."""
        self.region[key].append(region_similarity(predicted, truth))
        self.contour[key].append(contour_accuracy(predicted, truth))

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
