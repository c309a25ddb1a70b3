"""Video-level class scores of VIS objects: as released, per round, or over an object's life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...tracking.entities import Entities

# Rows of the table: class scores below the first are left out; the second counts the confident.
_LEAST_SCORE, _CONFIDENT_SCORE = 0.005, 0.05
# Objects that left are remembered up to this number, so that the table of an endless stream is
# bounded; the weakest go first.
_MOST_RETIRED = 1000

ScoredObject = tuple[int, Tensor, float]
"""Id, class scores [K], mask quality."""


class LifetimeScores:
    """Mean class scores since birth: an object is not worse for having come late."""

    def __init__(self) -> None:
        self._retired: dict[int, tuple[Tensor, float]] = {}

    def count(self, entities: Entities, visible: Sequence[bool]) -> None:
        """A round of frames was given out; nothing to do."""

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """Keeps the scores of objects that are about to be given up."""
        scores, quality = entities.class_scores.cpu(), entities.quality.tolist()
        for row in rows:
            self._retired[entities.ids[row]] = (scores[row], quality[row])
        while len(self._retired) > _MOST_RETIRED:
            weakest = min(self._retired, key=lambda i: float(self._retired[i][0].max()))
            del self._retired[weakest]

    def objects(self, entities: Entities) -> Iterator[ScoredObject]:
        """All objects, those that are gone first."""
        for i, (scores, quality) in self._retired.items():
            yield i, scores, quality
        rows = zip(
            entities.ids, entities.class_scores.cpu(), entities.quality.tolist(), strict=True
        )
        yield from rows


@dataclass
class _RoundSum:
    """Class scores of one object summed over rounds of frames."""

    total: Tensor
    visible_rounds: int = 0
    visible_before: bool = False


class RoundScores:
    """The released table: mean over rounds, diluted by rounds in which the object is unseen."""

    def __init__(self) -> None:
        self._sums: dict[int, _RoundSum] = {}
        self._rounds = 0
        self._frames = 0

    def count(self, entities: Entities, visible: Sequence[bool]) -> None:
        """A round was given out; ``visible``: which objects have any pixel in it."""
        scores = entities.class_scores.cpu()
        for row, i in enumerate(entities.ids):
            state = self._sums.setdefault(i, _RoundSum(torch.zeros_like(scores[row])))
            now, before = visible[row], state.visible_before
            share = (int(now) + int(before)) / 2 if self._rounds else float(now)
            state.total += scores[row] * share
            state.visible_rounds += int(now)
            state.visible_before = now
        self._rounds += 1

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """Nothing to do: the sums stay."""

    def objects(self, entities: Entities) -> Iterator[ScoredObject]:
        """Objects in order of birth."""
        quality = entities.quality_sum
        largest = int(quality.max()) if len(entities) else 0
        for i, value in zip(entities.ids, (quality / (largest + 1)).tolist(), strict=True):
            state = self._sums.get(i)
            if state is not None:
                yield i, state.total / max(state.visible_rounds, 1), value


def best_rows(objects: Sequence[ScoredObject], most: int) -> list[tuple[int, int, float]]:
    """Rows (id, class, score) of the table, by object and class.

    Kept are the ``most`` best and the next one (as released); more if many are confident.
    """
    rows: list[tuple[int, int, float]] = []
    confident = 0
    for i, scores, quality in objects:
        confident += int((scores > _CONFIDENT_SCORE).sum())
        reported = (scores >= _LEAST_SCORE).nonzero()[:, 0].tolist()
        rows += [(i, k, float(scores[k]) * quality) for k in reported]
    rank = max(int(1.5 * confident), most)
    if len(rows) > rank:
        cut = sorted((score for _, _, score in rows), reverse=True)[rank]
        rows = [row for row in rows if row[2] >= cut]
    return rows
