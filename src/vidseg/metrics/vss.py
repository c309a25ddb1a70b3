"""Measures of video semantic segmentation: mIoU and its kin, and video consistency mVC.

Source: Miao et al., "VSPW: A Large-scale Dataset for Video Scene Parsing in the Wild", CVPR 2021;
numbers equal those of the benchmark's public code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .overlaps import Counts, LabelMap, joint_areas

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, eq=False)
class SemanticScores:
    """All in 0..1.

    Attributes:
        miou: mean IoU over the classes that occur in the ground truth.
        pixel_accuracy: share of the labelled pixels that are correct.
        class_accuracy: mean over classes of the share of their pixels that are correct.
        weighted_iou: IoU of the classes weighted by their share of the pixels.
        iou: [K] per class, NaN for classes that the ground truth lacks.
    """

    miou: float
    pixel_accuracy: float
    class_accuracy: float
    weighted_iou: float
    iou: npt.NDArray[np.float64] = field(repr=False)


class SemanticMeter:
    """One confusion matrix over all labelled pixels of all frames.

    Args:
        classes: K. A ground-truth label outside 0..K-1 is void and does not count, whatever is
            predicted there. A predicted label outside counts as a wrong class.

    Attributes:
        confusion: [K, K + 1] labelled pixels by true and predicted class, others last.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.confusion: Counts = np.zeros((classes, classes + 1), np.int64)

    def update(self, predicted: LabelMap, truth: LabelMap, areas: Counts | None = None) -> None:
        """Adds label maps of one shape, [H, W] or more.

        ``areas`` are the pixels of each element where the labels are a table, as
        :func:`~vidseg.metrics.overlaps.joint_areas` returns it.
        """
        true_labels, predicted_labels, areas = joint_areas(truth, predicted, areas)
        labelled = (true_labels >= 0) & (true_labels < self.classes)
        predicted_labels = np.where(
            (predicted_labels < 0) | (predicted_labels >= self.classes),
            self.classes,
            predicted_labels,
        )
        np.add.at(
            self.confusion, (true_labels[labelled], predicted_labels[labelled]), areas[labelled]
        )

    def merge(self, other: Self) -> None:
        """Adds what another meter gathered. Raises ValueError for one of other classes."""
        if self.classes != other.classes:
            raise ValueError("Only meters of the same classes can be merged.")
        self.confusion += other.confusion

    def compute(self) -> SemanticScores:
        """Scores of all pixels so far; NaN if none was labelled."""
        hits = self.confusion[:, : self.classes].diagonal().astype(np.float64)
        truth = self.confusion.sum(1).astype(np.float64)
        predicted = self.confusion[:, : self.classes].sum(0)
        seen, total = truth > 0, truth.sum()
        iou = np.full(self.classes, math.nan)
        if total == 0:
            return SemanticScores(math.nan, math.nan, math.nan, math.nan, iou)
        iou[seen] = hits[seen] / (truth + predicted - hits)[seen]
        return SemanticScores(
            miou=float(iou[seen].mean()),
            pixel_accuracy=float(hits.sum() / total),
            class_accuracy=float((hits[seen] / truth[seen]).mean()),
            weighted_iou=float((truth[seen] / total * iou[seen]).sum()),
            iou=iou,
        )


_SPAN = 15
"""Longest clips after which frames are renumbered; with clips of 16 they fit a byte."""


class ConsistencyMeter:
    """mVC_n: how steady predictions are where the ground truth is.

    For every clip of n frames: of the pixels whose true label does not change, the share whose
    predicted label does not change either (it need not be correct). Void is a label like others.
    As in the public code a video of N frames has N - n clips: the last one is left out.

    Args:
        lengths: the values of n.
    """

    def __init__(self, lengths: Sequence[int] = (8, 16)) -> None:
        self.values: dict[int, list[float]] = {length: [] for length in lengths}
        self._most = max(lengths)
        self.start_video()

    def start_video(self) -> None:
        """Says that the next frame belongs to another video."""
        self._seen = 0
        self._last: tuple[LabelMap, ...] = ()
        self._since: tuple[npt.NDArray[np.unsignedinteger[Any]], ...] = ()
        self._first = 0  # the frame that _since counts from

    def update(self, predicted: LabelMap, truth: LabelMap) -> None:
        """Adds the next frame of the video, [H, W] each.

        Raises ValueError for maps of another shape than those before.
        """
        maps = predicted, truth
        if self._seen == 0:
            kind = np.min_scalar_type(_SPAN * self._most)
            # By pixel: the frame since which the truth, and since which both, have their labels.
            self._since = tuple(np.zeros(truth.shape, kind) for _ in maps)
            self._last = tuple(map.copy() for map in maps)
        elif any(map.shape != self._last[0].shape for map in maps):
            raise ValueError("All frames of a video must have one size.")
        else:
            self._close_clips()
            self._mark_changes(*maps)
        self._seen += 1

    def _mark_changes(self, predicted: LabelMap, truth: LabelMap) -> None:
        if self._seen - self._first == _SPAN * self._most:
            self._renumber()
        last_predicted, last_true = self._last
        steady = truth == last_true
        both = predicted == last_predicted
        both &= steady
        for since, same in zip(self._since, (steady, both), strict=True):
            # Where nothing changed this is a zero, which never is the larger one.
            changed = np.logical_not(same, out=same).view(np.uint8)
            frame = since.dtype.type(self._seen - self._first)
            np.maximum(since, np.multiply(changed, frame), out=since)
        np.copyto(last_predicted, predicted)
        np.copyto(last_true, truth)

    def _renumber(self) -> None:
        """Keeps the frame numbers small: what is older than any clip may be as old as that."""
        gone = self._seen - self._most - self._first
        for since in self._since:
            np.maximum(since, gone, out=since)
            np.subtract(since, gone, out=since)
        self._first += gone

    def _close_clips(self) -> None:
        """Scores the clips that end at the frame before, now that it is not the last one."""
        for length, values in self.values.items():
            start = self._seen - length - self._first
            if start < 0:
                continue
            area, both = (int(np.count_nonzero(since <= start)) for since in self._since)
            values.append(both / area if area else math.nan)

    def merge(self, other: Self) -> None:
        """Adds what another meter gathered; the next frame belongs to another video.

        Raises ValueError for a meter of other lengths.
        """
        if [*self.values] != [*other.values]:
            raise ValueError("Only meters of the same clip lengths can be merged.")
        self.start_video()
        for length, values in self.values.items():
            values.extend(other.values[length])

    def compute(self) -> dict[int, float]:
        """n → mean over all clips of all videos; NaN without any clip."""
        found = {n: [v for v in values if not math.isnan(v)] for n, values in self.values.items()}
        return {n: float(np.mean(values)) if values else math.nan for n, values in found.items()}
