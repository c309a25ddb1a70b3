"""Higher order tracking accuracy of one class.

Source: Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV
2021; numbers equal those of TrackEval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .average_precision import Floats, Integers

ALPHAS: Floats = np.arange(0.05, 0.99, 0.05)
"""[19] least IoU of a pair."""

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class HOTAScores:
    """At each of :data:`ALPHAS`, [19] in 0..1. A score is the mean over them.

    Attributes:
        hota: sqrt(det_a · ass_a).
        det_a, det_re, det_pr: accuracy, recall and precision of finding masks.
        ass_a, ass_re, ass_pr: the same of keeping identities.
        loc_a: mean IoU of the pairs; 1 where there is none.
        hits: number of pairs.
    """

    hota: Floats
    det_a: Floats
    det_re: Floats
    det_pr: Floats
    ass_a: Floats
    ass_re: Floats
    ass_pr: Floats
    loc_a: Floats
    hits: Floats


class HOTA:
    """Gathers HOTA frame by frame; of past videos only sums are kept."""

    def __init__(self) -> None:
        self._hits, self._misses, self._alarms = np.zeros((3, len(ALPHAS)))
        self._ass_a, self._ass_re, self._ass_pr, self._located = np.zeros((4, len(ALPHAS)))
        self._frames: list[tuple[Floats, Sequence[int], Sequence[int]]] = []

    def update(self, ious: Floats, truth: Sequence[int], predicted: Sequence[int]) -> None:
        """Adds the next frame of the video.

        Args:
            ious: [G, P] of true and predicted masks.
            truth, predicted: [G] and [P] ids, each at most once.
        """
        if truth or predicted:
            self._frames.append((ious, truth, predicted))

    def end_video(self) -> None:
        """Says that the next frame belongs to another video."""
        frames, self._frames = self._frames, []
        true_ids = sorted({id for _, truth, _ in frames for id in truth})
        predicted_ids = sorted({id for _, _, predicted in frames for id in predicted})
        if not true_ids or not predicted_ids:
            self._misses += sum(len(truth) for _, truth, _ in frames)
            self._alarms += sum(len(predicted) for _, _, predicted in frames)
            return
        rows = {id: row for row, id in enumerate(true_ids)}
        columns = {id: column for column, id in enumerate(predicted_ids)}
        numbered = [
            (
                ious,
                np.array([rows[id] for id in truth], int),
                np.array([columns[id] for id in predicted], int),
            )
            for ious, truth, predicted in frames
        ]
        self._score(numbered, len(rows), len(columns))

    def _score(
        self, frames: Sequence[tuple[Floats, Integers, Integers]], rows: int, columns: int
    ) -> None:
        true_frames, predicted_frames = np.zeros((rows, 1)), np.zeros((1, columns))
        together = np.zeros((rows, columns))
        for ious, truth, predicted in frames:
            union = ious.sum(0)[None, :] + ious.sum(1)[:, None] - ious
            together[np.ix_(truth, predicted)] += np.divide(
                ious, union, out=np.zeros(ious.shape), where=union > _EPS
            )
            true_frames[truth] += 1
            predicted_frames[0, predicted] += 1
        alignment = together / (true_frames + predicted_frames - together)
        counts = np.zeros((len(ALPHAS), rows, columns))
        for ious, truth, predicted in frames:
            pairs = np.zeros(len(ALPHAS), np.int64)
            if len(truth) and len(predicted):
                g, p = linear_sum_assignment(-(alignment[np.ix_(truth, predicted)] * ious))
                near = ious[g, p] >= ALPHAS[:, None] - _EPS
                pairs = np.count_nonzero(near, axis=1)
                self._located += near @ ious[g, p]
                counts[:, truth[g], predicted[p]] += near
            self._hits += pairs
            self._misses += len(truth) - pairs
            self._alarms += len(predicted) - pairs
        whole = np.maximum(1, true_frames + predicted_frames - counts)
        self._ass_a += (counts * (counts / whole)).sum((1, 2))
        self._ass_re += (counts * (counts / np.maximum(1, true_frames))).sum((1, 2))
        self._ass_pr += (counts * (counts / np.maximum(1, predicted_frames))).sum((1, 2))

    def merge(self, other: HOTA) -> None:
        """Adds what ``other`` gathered from later videos, and ends the video of both."""
        self.end_video()
        other.end_video()
        self._hits = self._hits + other._hits
        self._misses = self._misses + other._misses
        self._alarms = self._alarms + other._alarms
        self._ass_a = self._ass_a + other._ass_a
        self._ass_re = self._ass_re + other._ass_re
        self._ass_pr = self._ass_pr + other._ass_pr
        self._located = self._located + other._located

    def compute(self) -> HOTAScores:
        """The scores of all frames so far; ends the video."""
        self.end_video()
        hits, some = self._hits, np.maximum(1, self._hits)
        det_a = hits / np.maximum(1, hits + self._misses + self._alarms)
        ass_a = self._ass_a / some
        return HOTAScores(
            hota=np.sqrt(det_a * ass_a),
            det_a=det_a,
            det_re=hits / np.maximum(1, hits + self._misses),
            det_pr=hits / np.maximum(1, hits + self._alarms),
            ass_a=ass_a,
            ass_re=self._ass_re / some,
            ass_pr=self._ass_pr / some,
            loc_a=np.maximum(1e-10, self._located) / np.maximum(1e-10, hits),
            hits=hits.copy(),
        )
