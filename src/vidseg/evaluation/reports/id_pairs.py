"""Small common numbers for the ids of truth and prediction, so that they can share colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...types import IdMap
from ..benchmark import ComparedFrame

Overlaps = Counter[tuple[int, int]]
"""(predicted id, true id) → pixels that they share."""


def overlaps(frame: ComparedFrame) -> Overlaps:
    """Shared pixels of all ids in one frame."""
    both = (frame.truth > 0) & (frame.predicted > 0)
    joint = frame.predicted[both].astype(np.int64) << 32 | frame.truth[both]
    values, counts = np.unique(joint, return_counts=True)
    pairs = zip((values >> 32).tolist(), (values & 0xFFFFFFFF).tolist(), strict=True)
    return Counter(dict(zip(pairs, counts.tolist(), strict=True)))


def best_pairs(shared: Overlaps) -> dict[int, int]:
    """Predicted id → true id, one to one, so that the pairs share the most pixels.

    >>> best_pairs(Counter({(7, 1): 50, (8, 1): 60, (8, 2): 5}))
    {8: 1}
    >>> best_pairs(Counter({(7, 1): 50, (8, 1): 60, (8, 2): 15}))
    {7: 1, 8: 2}
    """
    predicted = sorted({pair[0] for pair in shared})
    true = sorted({pair[1] for pair in shared})
    if not shared:
        return {}
    table = np.array([[shared[one, other] for other in true] for one in predicted])
    rows, columns = linear_sum_assignment(table, maximize=True)
    return {
        predicted[row]: true[column]
        for row, column in zip(rows, columns, strict=True)
        if table[row, column]
    }


class CommonNumbers:
    """Numbers from 1 on for the ids of some frames; 0 stays 0.

    An id of the prediction has the number of the true id that it is paired with, or is equal to
    where both sides mean the same by their ids; otherwise a number of its own.
    """

    def __init__(self, frames: Sequence[ComparedFrame], pairs: Mapping[int, int]) -> None:
        same = all(frame.same_ids for frame in frames)
        true = {int(id) for frame in frames for id in np.unique(frame.truth)} - {0}
        predicted = {int(id) for frame in frames for id in np.unique(frame.predicted)} - {0}
        self._true = {id: number for number, id in enumerate(sorted(true), start=1)}
        self._shown: dict[int, int] = {}
        fresh = len(true)
        for id in sorted(predicted):
            known = self._true.get(id if same else pairs.get(id, 0))
            if known is None:
                fresh += 1
            self._shown[id] = fresh if known is None else known

    def truth(self, ids: IdMap) -> IdMap:
        """The map in common numbers."""
        return _renumbered(ids, self._true)

    def predicted(self, ids: IdMap) -> IdMap:
        """The map in common numbers."""
        return _renumbered(ids, self._shown)


def _renumbered(ids: IdMap, numbers: Mapping[int, int]) -> IdMap:
    values, inverse = np.unique(ids, return_inverse=True)
    table = np.array([numbers.get(int(value), 0) for value in values], dtype=np.int32)
    return table[inverse].reshape(ids.shape)
