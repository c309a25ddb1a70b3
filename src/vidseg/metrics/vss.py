"""Measures of video semantic segmentation: mIoU and its kin, and video consistency mVC.

Source: Miao et al., "VSPW: A Large-scale Dataset for Video Scene Parsing in the Wild", CVPR 2021;
numbers equal those of the benchmark's public code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .overlaps import Counts, LabelMap, joint_areas


@dataclass(frozen=True, eq=False)
class SemanticScores:
    """All in 0..1.

    Attributes:
        miou: mean IoU over the classes that occur in the ground truth.
        pixel_accuracy: share of the labelled pixels that are right.
        class_accuracy: mean over classes of the share of their pixels that are right.
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
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.confusion: Counts = np.zeros((classes, classes + 1), np.int64)

    def update(self, predicted: LabelMap, truth: LabelMap) -> None:
        """Adds label maps of one shape, [H, W] or more."""
        right, said, areas = joint_areas(truth, predicted)
        labelled = (right >= 0) & (right < self.classes)
        said = np.where((said < 0) | (said >= self.classes), self.classes, said)
        np.add.at(self.confusion, (right[labelled], said[labelled]), areas[labelled])

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


class ConsistencyMeter:
    """mVC_n: how steady predictions are where the ground truth is.

    For every clip of n frames: of the pixels whose true label does not change, the share whose
    predicted label does not change either (it need not be right). Void is a label like others.
    As in the public code a video of N frames has N - n clips: the last one is left out.

    Args:
        lengths: the values of n.
    """

    def __init__(self, lengths: Sequence[int] = (8, 16)) -> None:
        self.values: dict[int, list[float]] = {length: [] for length in lengths}
        self.start_video()

    def start_video(self) -> None:
        """Says that the next frame belongs to another video."""
        self._last: tuple[LabelMap, LabelMap] | None = None
        self._runs: tuple[Counts, Counts] | None = None  # frames since the label last changed

    def update(self, predicted: LabelMap, truth: LabelMap) -> None:
        """Adds the next frame of the video, [H, W] each."""
        if self._last is None or self._runs is None:
            ones = np.ones(truth.shape, np.int64)
            self._last, self._runs = (predicted.copy(), truth.copy()), (ones, ones.copy())
            self._seen = 1
            return
        self._close_clips()
        for runs, before, now in zip(self._runs, self._last, (predicted, truth), strict=True):
            runs[now != before] = 0
            runs += 1
        self._last = predicted.copy(), truth.copy()
        self._seen += 1

    def _close_clips(self) -> None:
        """Scores the clips that end at the frame before, now that it is not the last one."""
        assert self._runs is not None
        predicted, truth = self._runs
        for length, values in self.values.items():
            if self._seen < length:
                continue
            steady = truth >= length
            area = int(np.count_nonzero(steady))
            both = int(np.count_nonzero(steady & (predicted >= length)))
            values.append(both / area if area else math.nan)

    def compute(self) -> dict[int, float]:
        """n → mean over all clips of all videos; NaN without any clip."""
        found = {n: [v for v in values if not math.isnan(v)] for n, values in self.values.items()}
        return {n: float(np.mean(values)) if values else math.nan for n, values in found.items()}
