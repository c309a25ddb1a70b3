"""Masks and embeddings of objects on the frames that a later clip may still change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..clip import Clip
from ..frame_geometry import FrameGeometry


@dataclass(frozen=True, eq=False)
class FinishedFrames:
    """F consecutive frames whose masks are final.

    Attributes:
        start: position in the stream of the first.
        indices, times: of the frames in the source.
        logits: [N, F, h, w] summed over the clips that saw the frame.
        count: [N, F] how many were summed.
        geometry: of the frames.
    """

    start: int
    indices: tuple[int, ...]
    times: tuple[float | None, ...]
    logits: Tensor
    count: Tensor
    geometry: FrameGeometry

    @property
    def mean(self) -> Tensor:
        """[N, F, h, w] mean logits; 0 where no clip saw the object."""
        return self.logits / self.count.clamp(min=1)[..., None, None]


class FrameWindow:
    """Summed mask logits of N objects on F open frames, rows in the order of the objects.

    The window grows by :meth:`open` and shrinks by :meth:`take`. A logit of 0 says that nothing is
    known, which is no mask.

    Attributes:
        start: position in the stream of the first open frame.
        logits: [N, F, h, w] summed over clips.
        count: [N, F] how many clips were summed.
    """

    def __init__(self) -> None:
        self._stamps: list[tuple[int, float | None]] = []
        self._geometry: FrameGeometry | None = None
        self.start = 0
        self.logits = torch.zeros(0, 0, 1, 1)
        self.count = torch.zeros(0, 0)

    @property
    def stop(self) -> int:
        """Position after the last open frame."""
        return self.start + len(self._stamps)

    def open(self, clip: Clip, grid: tuple[int, int]) -> None:
        """Appends the frames of a clip that are new; ``grid`` is the (h, w) of their masks."""
        self._geometry = clip.geometry
        N = self.logits.shape[0]
        if not self._stamps:
            self.start = clip.start
            like = clip.features.mask_features
            self.logits = like.new_zeros(N, 0, *grid, dtype=torch.float32)
            self.count = self.logits.new_zeros(N, 0)
        new = list(zip(clip.indices, clip.times, strict=True))[self.stop - clip.start :]
        self._stamps += new
        self.logits = torch.cat([self.logits, self.logits.new_zeros(N, len(new), *grid)], dim=1)
        self.count = torch.cat([self.count, self.count.new_zeros(N, len(new))], dim=1)

    def add_rows(self, number: int) -> None:
        """New objects after the known ones, of which nothing is known yet."""
        self.logits, self.count = (
            torch.cat([old, old.new_zeros(number, *old.shape[1:])])
            for old in (self.logits, self.count)
        )

    def add(
        self, rows: Sequence[int] | Tensor, start: int, logits: Tensor, seen: Tensor | None = None
    ) -> None:
        """Adds logits [n, T, h, w] of a clip; ``seen`` [n, T]: frames that count, None: all."""
        frames = slice(start - self.start, start - self.start + logits.shape[1])
        index = torch.as_tensor(rows, dtype=torch.long, device=logits.device)
        self.logits[index, frames] += logits
        self.count[index, frames] += 1 if seen is None else seen.to(self.count.dtype)

    def assign(self, row: int, columns: slice, logits: Tensor) -> None:
        """Replaces the logits [n, h, w] of some open frames of one object."""
        self.logits[row, columns] = logits
        self.count[row, columns] = 1

    def mean(self, start: int, stop: int) -> Tensor:
        """[N, stop - start, h, w] mean logits of the open frames at these positions."""
        frames = slice(start - self.start, stop - self.start)
        return self.logits[:, frames] / self.count[:, frames].clamp(min=1)[..., None, None]

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all other rows."""
        index = torch.as_tensor(rows, dtype=torch.long, device=self.logits.device)
        self.logits, self.count = self.logits[index], self.count[index]

    def take(self, count: int) -> FinishedFrames | None:
        """Removes the ``count`` oldest frames and returns them; None where no frame is open."""
        count = min(count, len(self._stamps))
        if not count:
            return None
        stamps, self._stamps = self._stamps[:count], self._stamps[count:]
        assert self._geometry is not None
        taken = FinishedFrames(
            self.start,
            tuple(index for index, _ in stamps),
            tuple(time for _, time in stamps),
            self.logits[:, :count],
            self.count[:, :count],
            self._geometry,
        )
        self.logits = self.logits[:, count:].clone()
        self.count = self.count[:, count:].clone()
        self.start += count
        return taken


class FrameEmbeddings:
    """Embeddings [N, S, C] of N objects in the last S frames, zero where unknown."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self.values = torch.zeros(0, 0, 1)

    def open(self, clip: Clip, channels: int) -> None:
        """Appends the new frames of a clip; each starts as the mean of as many newest ones."""
        if not self.values.shape[1]:
            like = clip.features.mask_features
            N = self.values.shape[0]
            self.values = like.new_zeros(N, 0, channels, dtype=torch.float32)
        known = self.values[:, -clip.new :]
        start = (
            known.mean(1, keepdim=True)
            if known.shape[1]
            else known.new_zeros(len(known), 1, channels)
        )
        values = torch.cat([self.values, start.expand(-1, clip.new, -1)], dim=1)
        self.values = values[:, -self._slots :].clone()

    def add_rows(self, number: int) -> None:
        """New objects after the known ones."""
        new = self.values.new_zeros(number, *self.values.shape[1:])
        self.values = torch.cat([self.values, new])

    def blend(self, rows: Tensor, embeddings: Tensor) -> None:
        """Blends embeddings [n, T, C] of a clip's frames into the remembered ones, half each."""
        T = embeddings.shape[1]
        old = self.values[rows, -T:]
        known = (old != 0).any(-1, keepdim=True)
        self.values[rows, -T:] = torch.where(known, (old + embeddings) / 2, embeddings)

    def assign(self, row: int, embeddings: Tensor) -> None:
        """Replaces the embeddings [T, C] of a clip's frames for an object just marked."""
        self.values[row, -embeddings.shape[0] :] = embeddings
