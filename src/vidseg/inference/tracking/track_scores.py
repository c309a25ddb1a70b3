"""Scores of the video-level table: mean scores of segments, and class scores of VIS objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from .entities import Entities

# Rows of the table: class scores below the first are left out; the second counts the confident.
_LEAST_SCORE, _CONFIDENT_SCORE = 0.005, 0.05
# Objects that left are remembered up to this number, so that the table of an endless stream is
# bounded; the weakest go first.
_MOST_RETIRED = 1000

ScoredObject = tuple[int, Tensor, float]
"""Id, class scores [K], mask quality."""


class MeanScores:
    """Mean score of every object or class over the frames that show it."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[float, int]] = {}

    def add(self, key: int, score: float, *, visible: bool = True) -> None:
        """Counts one frame; an object that it does not show only becomes known."""
        total, frames = self._sums.get(key, (0.0, 0))
        self._sums[key] = (total + score * visible, frames + visible)

    def means(self) -> list[tuple[int, float]]:
        """(key, mean score), sorted by key; 0 for what was never visible."""
        return [(key, total / max(1, n)) for key, (total, n) in sorted(self._sums.items())]


class LifetimeScores:
    """Mean class scores since birth: an object is not worse for having come late."""

    def __init__(self) -> None:
        self._retired: dict[int, tuple[Tensor, float]] = {}

    def count(self, entities: Entities) -> None:
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
