"""Masks and looks of prompted objects on the frames that the current clip covers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..policies.base import Clip


@dataclass(frozen=True, eq=False)
class FrameStamp:
    """Which frame of the source a column of the window is."""

    position: int
    index: int
    time: float | None


class ClipWindow:
    """N objects on the T frames of the present clip; rows in the order of the prompt memory.

    Attributes:
        stamps: one per frame.
        logits: [N, T, h, w] summed mask logits; 0 says that nothing is known, which is no mask.
        count: [N, T] how many clips were summed.
        embeddings: [N, S, C] the look of each object in the last S frames, zero where unknown.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.stamps: list[FrameStamp] = []
        self.logits = torch.zeros(0, 0, 1, 1)
        self.count = torch.zeros(0, 0)
        self.embeddings = torch.zeros(0, 0, 1)

    @property
    def mean(self) -> Tensor:
        """[N, T, h, w] mean logits."""
        return self.logits / self.count.clamp(min=1)[..., None, None]

    def column(self, position: int) -> int:
        """Where the frame at a position in the stream is kept."""
        return position - self.stamps[0].position

    def open(self, clip: Clip, grid: tuple[int, int], channels: int) -> None:
        """Moves on to a clip: drops the frames before it, appends its new ones.

        A new frame's look starts as the mean of the newest ones, as many as there are new frames.
        """
        like = clip.features.mask_features
        gone = 0
        if self.stamps:
            gone = min(clip.start - self.stamps[0].position, len(self.stamps))
        else:
            N = self.logits.shape[0]
            self.logits = like.new_zeros(N, 0, *grid, dtype=torch.float32)
            self.count = self.logits.new_zeros(N, 0)
            self.embeddings = self.logits.new_zeros(N, 0, channels)
        new = range(len(clip) - clip.new, len(clip))
        stamps = [FrameStamp(clip.start + t, clip.indices[t], clip.times[t]) for t in new]
        self.stamps = self.stamps[gone:] + stamps
        N, n = self.logits.shape[0], len(stamps)
        blank = self.logits.new_zeros(N, n, *grid)
        self.logits = torch.cat([self.logits[:, gone:], blank], dim=1)
        self.count = torch.cat([self.count[:, gone:], self.count.new_zeros(N, n)], dim=1)
        known = self.embeddings[:, -n:]
        look = known.mean(1, keepdim=True) if known.shape[1] else known.new_zeros(N, 1, channels)
        self.embeddings = torch.cat([self.embeddings, look.expand(-1, n, -1)], dim=1)
        self.embeddings = self.embeddings[:, -self.slots :].clone()

    def add_rows(self, number: int) -> None:
        """New objects after the known ones, of which nothing is known yet."""
        for name in ("logits", "count", "embeddings"):
            old: Tensor = getattr(self, name)
            setattr(self, name, torch.cat([old, old.new_zeros(number, *old.shape[1:])]))

    def assign(self, row: int, columns: slice, logits: Tensor) -> None:
        """Replaces the logits [n, h, w] of some frames of one object."""
        self.logits[row, columns] = logits
        self.count[row, columns] = 1

    def accumulate(self, rows: Tensor, logits: Tensor) -> None:
        """Adds the logits [n, T, h, w] that this clip gave for some objects."""
        self.logits[rows] += logits
        self.count[rows] += 1

    def look(self, rows: Tensor, embeddings: Tensor) -> None:
        """Blends the looks [n, T, C] of this clip's frames into the remembered ones, half each."""
        T = embeddings.shape[1]
        old = self.embeddings[rows, -T:]
        known = (old != 0).any(-1, keepdim=True)
        self.embeddings[rows, -T:] = torch.where(known, (old + embeddings) / 2, embeddings)

    def begin_look(self, row: int, embeddings: Tensor) -> None:
        """Takes the looks [T, C] of this clip's frames as they are, for an object just marked."""
        self.embeddings[row, -embeddings.shape[0] :] = embeddings
