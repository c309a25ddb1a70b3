"""The released output of VIS and VPS in rounds of frames, and the class scores counted by it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import InferenceConfig
from ..tracking.entities import Entities
from ..tracking.track_scores import ScoredObject


def frames_due(config: InferenceConfig, position: int) -> int:
    """Frames that are given out when one more clip follows the clip at ``position``.

    A round is given out when the memory is full and a round is over; at the last clip released
    code gives out all that is left as one round.
    """
    length = (math.ceil(max(config.window, config.clip_length) / 5) + 1) * 5
    M = config.memory_length
    return length if position > M and position % length == M else 0


@dataclass
class _RoundSum:
    """Class scores of one object summed over rounds of frames."""

    total: Tensor
    known_rounds: int = 0
    known_before: bool = False


class RoundScores:
    """The released table: mean over rounds, diluted by rounds in which the object is blank.

    A round is blank where the class scores of the object sum to 0, which is before its birth. What
    its masks show does not count: an object out of sight keeps its scores.
    """

    def __init__(self) -> None:
        self._sums: dict[int, _RoundSum] = {}
        self._rounds = 0

    def count(self, entities: Entities) -> None:
        """A round was given out."""
        scores = entities.class_scores.cpu()
        for row, i in enumerate(entities.ids):
            state = self._sums.setdefault(i, _RoundSum(torch.zeros_like(scores[row])))
            now, before = bool(scores[row].sum() > 0), state.known_before
            share = (int(now) + int(before)) / 2 if self._rounds else float(now)
            state.total += scores[row] * share
            state.known_rounds += int(now)
            state.known_before = now
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
                yield i, state.total / max(state.known_rounds, 1), value
