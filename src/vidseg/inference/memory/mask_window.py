"""Mask logits of the frames that a later clip may still change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class FinishedFrames:
    """Consecutive frames whose masks are final.

    Attributes:
        indices, times: of the F frames in the source.
        logits: [N, F, h, w] summed over the clips that saw the frame, decoder resolution.
        occurrence: [N, F] how many were summed.
    """

    indices: tuple[int, ...]
    times: tuple[float | None, ...]
    logits: Tensor
    occurrence: Tensor

    @property
    def mean(self) -> Tensor:
        """[N, F, h, w] mean logits; 0 where no clip saw the object."""
        return self.logits / self.occurrence.clamp(min=1)[..., None, None]


class MaskWindow:
    """Summed logits of N objects on F open frames, rows in the order of the objects.

    Frames are named by their position in the stream. The window grows by ``open`` and shrinks by
    ``take``; a logit of 0 means that nothing is known, which is no mask.
    """

    def __init__(self, *, count_empty: bool) -> None:
        """``count_empty``: whether a frame without any positive logit counts as seen."""
        self._count_empty = count_empty
        self._stamps: list[tuple[int, float | None]] = []
        self.start = 0
        self.logits = torch.zeros(0, 0, 1, 1)
        self.occurrence = torch.zeros(0, 0)

    @property
    def stop(self) -> int:
        """Position after the last open frame."""
        return self.start + len(self._stamps)

    def open(
        self, like: Tensor, indices: Sequence[int], times: Sequence[float | None], start: int
    ) -> None:
        """Appends the frames of a clip that are new. ``like``: a tensor [..., h, w] to match."""
        if not self._stamps:
            self.start = start
            shape = (self.logits.shape[0], 0, *like.shape[-2:])
            self.logits = like.new_zeros(shape)
            self.occurrence = like.new_zeros(shape[:2])
        fresh = list(zip(indices, times, strict=True))[self.stop - start :]
        self._stamps += fresh
        N, _, h, w = self.logits.shape
        self.logits = torch.cat([self.logits, like.new_zeros(N, len(fresh), h, w)], dim=1)
        self.occurrence = torch.cat([self.occurrence, like.new_zeros(N, len(fresh))], dim=1)

    def add(self, rows: Sequence[int], start: int, logits: Tensor, positive: Tensor) -> None:
        """Adds logits [n, T, h, w] of a clip; ``positive`` [n, T]: frames with any pixel inside."""
        frames = slice(start - self.start, start - self.start + logits.shape[1])
        index = torch.as_tensor(rows, dtype=torch.long, device=logits.device)
        self.logits[index, frames] += logits
        seen = torch.ones_like(positive) if self._count_empty else positive
        self.occurrence[index, frames] += seen.to(self.occurrence.dtype)

    def append(self, start: int, logits: Tensor) -> None:
        """New rows with the logits [n, T, h, w] of the clip in which they were found."""
        n, T = logits.shape[:2]
        frames = slice(start - self.start, start - self.start + T)
        rows = self.logits.new_zeros(n, *self.logits.shape[1:])
        rows[:, frames] = logits
        seen = self.occurrence.new_zeros(n, self.occurrence.shape[1])
        seen[:, frames] = 1
        self.logits = torch.cat([self.logits, rows])
        self.occurrence = torch.cat([self.occurrence, seen])

    def view(self, start: int, stop: int) -> Tensor:
        """[N, stop - start, h, w] mean logits of some open frames."""
        frames = slice(start - self.start, stop - self.start)
        seen = self.occurrence[:, frames].clamp(min=1)
        return self.logits[:, frames] / seen[..., None, None]

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all other rows."""
        index = torch.as_tensor(rows, dtype=torch.long, device=self.logits.device)
        self.logits, self.occurrence = self.logits[index], self.occurrence[index]

    def take(self, count: int) -> FinishedFrames:
        """Removes the ``count`` oldest frames and returns them."""
        count = min(count, len(self._stamps))
        stamps, self._stamps = self._stamps[:count], self._stamps[count:]
        taken = FinishedFrames(
            tuple(index for index, _ in stamps),
            tuple(time for _, time in stamps),
            self.logits[:, :count],
            self.occurrence[:, :count],
        )
        self.logits = self.logits[:, count:].clone()
        self.occurrence = self.occurrence[:, count:].clone()
        self.start += count
        return taken
