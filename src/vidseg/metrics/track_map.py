"""Track mAP of one class, as TAO and BURST count it.

Source: Dave et al., "TAO: A Large-Scale Benchmark for Tracking Any Object", ECCV 2020; numbers
equal those of TrackEval, which BURST uses.
"""

from __future__ import annotations

import math

import numpy as np

from .average_precision import NO_MATCH, Flags, Floats, Integers, match_tracks, precision_at_recalls

IOU_THRESHOLDS: Floats = np.arange(0.5, 0.96, 0.05)

_SLACK = float(np.finfo(np.float64).eps)


class TrackMAP:
    """Gathers the AP of one class video by video; keeps some 30 bytes per prediction.

    Predictions of equal score stay in the order of the videos, and merged sums count as later
    videos. Unlike :class:`vidseg.metrics.vis.TrackAP` it has no crowds and no sizes, has no limit
    of tracks per video, and excuses false alarms where not all objects are labelled.
    """

    def __init__(self) -> None:
        self._scores: list[Floats] = []
        self._hits: list[Flags] = []  # [T, D] each
        self._alarms: list[Flags] = []
        self._truths = 0

    def update(self, ious: Floats, scores: Floats, exhaustive: bool = True) -> None:
        """Adds a video.

        Args:
            ious: [D, G] of predicted and true tracks over all frames.
            scores: [D].
            exhaustive: whether all objects of the class are labelled; where not, what matches
                nothing is ignored.
        """
        order = np.argsort(-scores, kind="stable")
        none = np.zeros(ious.shape[1], bool)
        found: Integers = match_tracks(ious[order], none, none, IOU_THRESHOLDS.tolist(), _SLACK)
        self._scores.append(scores[order])
        self._hits.append(found != NO_MATCH)
        self._alarms.append((found == NO_MATCH) & exhaustive)
        self._truths += ious.shape[1]

    def merge(self, other: TrackMAP) -> None:
        """Adds what ``other`` gathered from later videos."""
        self._scores += other._scores
        self._hits += other._hits
        self._alarms += other._alarms
        self._truths += other._truths

    def compute(self) -> Floats:
        """[T] AP at each of :data:`IOU_THRESHOLDS`, 0..1; NaN where there is no true track."""
        if self._truths == 0:
            return np.full(len(IOU_THRESHOLDS), math.nan)
        order = np.argsort(-np.concatenate(self._scores), kind="stable")
        hits = np.concatenate(self._hits, axis=1)[:, order]
        alarms = np.concatenate(self._alarms, axis=1)[:, order]
        means: Floats = precision_at_recalls(hits, alarms, self._truths).mean(axis=1)
        return means
