"""J and F of object proposals: which proposal stands for which object is found afterwards.

Source: Caelles et al., "The 2019 DAVIS Challenge on VOS: Unsupervised Multi-Object Segmentation";
numbers equal those of the public evaluation code. Ref-DAVIS is measured in the same way.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from .contours import LabelMap8, Transitions
from .jf import JFMeter, JFScores, Values, score_pairs

VOID = 255
"""Label of pixels that count nowhere."""

MOST_PROPOSALS = 20


class ProposalMeter:
    """Gathers label maps frame by frame over several videos.

    The labels of a video's first frame, up to the largest, are its objects. Each object gets one
    proposal of the whole video such that the sum of (J + F) / 2 is largest; proposals beyond that
    cost nothing. Void pixels of the truth are background in both maps.

    >>> meter = ProposalMeter()
    >>> meter.start_video("a")
    >>> meter.update(np.full((4, 4), 7, np.uint8), np.full((4, 4), 1, np.uint8))
    >>> meter.compute().mean
    1.0
    """

    def __init__(self) -> None:
        self._settled = JFMeter()
        self._video = ""
        self._objects: int | None = None
        self._proposals = 0
        self._frames: list[tuple[Values, Values]] = []

    def start_video(self, name: str) -> None:
        """Says that the next frame belongs to the video ``name``, which is not to come again."""
        self._settle()
        self._video = name

    def update(self, predicted: LabelMap8, truth: LabelMap8) -> None:
        """Adds one frame: [H, W] labels, 0 = background.

        Raises ValueError for a predicted label above 20, or where the sizes differ.
        """
        predicted_map, true_map = Transitions(predicted), Transitions(truth)
        largest = max(predicted_map.labels, default=0)
        if largest > MOST_PROPOSALS:
            raise ValueError(f"Proposals are 1 to {MOST_PROPOSALS}; got {largest}.")
        if predicted_map.size != true_map.size:
            raise ValueError(f"One frame has the sizes {predicted_map.size} and {true_map.size}.")
        if VOID in true_map.labels:
            void = truth == VOID
            predicted_map = Transitions(np.where(void, np.uint8(0), predicted))
            true_map = Transitions(np.where(void, np.uint8(0), truth))
        if self._objects is None:
            self._objects = max(true_map.labels, default=0)
        self._proposals = max(self._proposals, largest)
        self._frames.append(self._score(predicted_map, true_map, self._objects))

    def _score(
        self, predicted_map: Transitions, true_map: Transitions, objects: int
    ) -> tuple[Values, Values]:
        """J and F [20 or more, objects] of one frame. Absent proposals all score the same."""
        here = predicted_map.labels
        absent = next(p for p in range(1, MOST_PROPOSALS + 2) if p not in here)
        pairs = list(product((*here, absent), range(1, objects + 1)))
        tables = []
        for values in score_pairs(predicted_map, true_map, pairs):
            rows = values.reshape(len(here) + 1, objects)
            table = np.repeat(rows[-1:], max(MOST_PROPOSALS, objects), axis=0)
            table[[p - 1 for p in here]] = rows[:-1]
            tables.append(table)
        return tables[0], tables[1]

    def _settle(self) -> None:
        """Assigns the proposals of the video that ended."""
        if self._frames and self._objects:
            # Here because its import takes longer than a short video.
            from scipy.optimize import linear_sum_assignment

            used = max(self._proposals, self._objects)
            region, accuracy = (
                np.ascontiguousarray(np.stack(tables, axis=-1)[:used])
                for tables in zip(*self._frames, strict=True)
            )
            worth = (region.mean(axis=2) + accuracy.mean(axis=2)) / 2
            rows, columns = linear_sum_assignment(-worth)
            for place, (p, g) in enumerate(zip(rows, columns, strict=True), start=1):
                key = (self._video, str(place))
                self._settled.add(key, region[p, g].tolist(), accuracy[p, g].tolist())
        self._frames, self._objects, self._proposals = [], None, 0

    def assigned(self) -> JFMeter:
        """Values of each object over its frames, by (video, number).

        As in the public code the numbers of a video follow its proposals, not its objects.
        """
        self._settle()
        return self._settled

    def merge(self, other: ProposalMeter) -> None:
        """Adds the videos of ``other``."""
        self.assigned().merge(other.assigned())

    def compute(self) -> JFScores:
        """Scores over all objects so far. Raises ValueError if there was none."""
        return self.assigned().compute()
