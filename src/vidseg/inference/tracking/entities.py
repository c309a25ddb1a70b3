"""What is known of every tracked object: identity, looks, class scores, quality."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

# Slots that new embeddings and matching look back on.
_RECENT = 3


class Entities:
    """N tracked objects. Row n of every tensor belongs to ``ids[n]``; ids are never used twice.

    Each clip opens one slot per object: an embedding (starting as the mean of the last three) and
    a class-score vector (starting as a copy of the last). Only ``memory`` embedding slots are
    kept, and class scores as a running sum, so the size does not depend on the video's length.

    Attributes:
        ids: in order of birth, from 1.
        embeddings: [N, S, C], oldest slot first.
        last_seen: position in the stream of the last clip in which each object was found.
    """

    def __init__(self, *, memory: int, unborn_slots: bool, momentum: float | None = None) -> None:
        """``momentum``: one running embedding an object, with this weight against the new one,
        in place of slots.

        ``unborn_slots``: clips before an object's birth count as slots without look or score.

        Released code does so, which makes late objects score lower and match worse; otherwise
        the first look stands for the unknown past and scores start at birth.
        """
        self._memory = max(memory, _RECENT) if momentum is None else 1
        self._kept = 0.5 if momentum is None else momentum
        self._unborn_slots = unborn_slots
        self._clips = 0
        self._born = 0
        self.ids: tuple[int, ...] = ()
        self.last_seen: list[int] = []
        self.embeddings = torch.zeros(0, 0, 1)
        self._past_scores = torch.zeros(0, 1)
        self._slot_scores = torch.zeros(0, 1)
        self._slots = torch.zeros(0)
        self._quality = torch.zeros(0)
        self._observations = torch.zeros(0)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def recent(self) -> Tensor:
        """[N, <=3, C] newest embedding slots."""
        return self.embeddings[:, -_RECENT:]

    @property
    def class_scores(self) -> Tensor:
        """[N, K] mean over the slots so far."""
        return (self._past_scores + self._slot_scores) / self._slots[:, None]

    @property
    def quality_sum(self) -> Tensor:
        """[N] mask qualities summed over observations."""
        return self._quality

    @property
    def quality(self) -> Tensor:
        """[N] mean mask quality of the observations so far."""
        return self._quality / self._observations.clamp(min=1)

    def open_slot(self) -> None:
        """Starts the next clip."""
        self._clips += 1
        if not len(self):
            return
        expected = self.recent.mean(dim=1, keepdim=True)
        self.embeddings = torch.cat([self.embeddings, expected], dim=1)[:, -self._memory :]
        self._past_scores = self._past_scores + self._slot_scores
        self._slots = self._slots + 1

    def add(self, embeddings: Tensor, scores: Tensor, quality: Tensor, position: int) -> list[int]:
        """New objects found at a stream position; returns their ids.

        Args:
            embeddings: [n, C]. scores: [n, K]. quality: [n].
        """
        n = len(embeddings)
        if not len(self):
            self._reset(embeddings, scores)
        slots = embeddings[:, None].repeat(1, self.embeddings.shape[1], 1)
        if self._unborn_slots:
            slots[:, :-1] = 0
        self.embeddings = torch.cat([self.embeddings, slots])
        self._past_scores = torch.cat([self._past_scores, torch.zeros_like(scores)])
        self._slot_scores = torch.cat([self._slot_scores, scores])
        age = float(self._clips if self._unborn_slots else 1)
        self._slots = torch.cat([self._slots, torch.full_like(quality, age)])
        self._quality = torch.cat([self._quality, quality])
        self._observations = torch.cat([self._observations, torch.ones_like(quality)])
        born = [self._born + 1 + k for k in range(n)]
        self._born += n
        self.ids = (*self.ids, *born)
        self.last_seen += [position] * n
        return born

    def _reset(self, embeddings: Tensor, scores: Tensor) -> None:
        """Empty tensors of the right width, device and number of slots."""
        slots = min(self._clips, self._memory) if self._unborn_slots else 1
        self.embeddings = embeddings.new_zeros(0, max(slots, 1), embeddings.shape[1])
        self._past_scores = self._slot_scores = scores.new_zeros(0, scores.shape[1])
        self._slots = self._quality = self._observations = scores.new_zeros(0)

    def see(self, rows: Sequence[int], position: int) -> None:
        """Notes that objects were found at a position in the stream."""
        for row in rows:
            self.last_seen[row] = position

    def blend_embeddings(self, rows: Sequence[int], embeddings: Tensor) -> None:
        """Blends embeddings [n, C] into the newest slots, half and half unless there is a momentum;
        fills empty ones."""
        index = self._index(rows)
        old = self.embeddings[index, -1]
        known = (old != 0).any(dim=1, keepdim=True)
        self.embeddings[index, -1] = torch.where(
            known, self._kept * old + (1 - self._kept) * embeddings, embeddings
        )

    def blend_scores(self, rows: Sequence[int], scores: Tensor) -> None:
        """Blends class scores [n, K] into the newest slots, half and half."""
        index = self._index(rows)
        self._slot_scores = self._slot_scores.clone()
        self._slot_scores[index] = (self._slot_scores[index] + scores) / 2

    def add_quality(self, rows: Sequence[int], quality: Tensor) -> None:
        """Counts one more observation of mask quality [n]."""
        if not rows:  # before the first object, tensors are on no device yet
            return
        index = self._index(rows)
        self._quality[index] += quality
        self._observations[index] += 1

    def expired(self, position: int, forget_after: int | None) -> list[int]:
        """Rows of objects that were not found for more than ``forget_after`` frames."""
        if forget_after is None:
            return []
        oldest = position - forget_after
        return [row for row, seen in enumerate(self.last_seen) if seen < oldest]

    def replaceable(self, position: int, count: int) -> list[int]:
        """Rows of up to ``count`` objects not found at ``position``, the longest lost first."""
        lost = [row for row, seen in enumerate(self.last_seen) if seen < position]
        return sorted(lost, key=lambda row: self.last_seen[row])[: max(count, 0)]

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all other objects; their ids are not used again."""
        index = self._index(rows)
        self.ids = tuple(self.ids[row] for row in rows)
        self.last_seen = [self.last_seen[row] for row in rows]
        self.embeddings = self.embeddings[index]
        self._past_scores, self._slot_scores = self._past_scores[index], self._slot_scores[index]
        self._slots = self._slots[index]
        self._quality, self._observations = self._quality[index], self._observations[index]

    def _index(self, rows: Sequence[int]) -> Tensor:
        return torch.as_tensor(rows, dtype=torch.long, device=self.embeddings.device)
