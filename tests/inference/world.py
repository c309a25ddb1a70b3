"""A made-up world of squares that a scripted decoder sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.models.decoder.tensors import Prediction

from .scripted import ScriptedDecoder

GEOMETRY = FrameGeometry((64, 96), (64, 96), (64, 96))
GRID = (16, 24)
QUERIES, CLASSES, CHANNELS = 4, 3, 12


@dataclass(frozen=True)
class Square:
    """An object: 6x6 cells at (column, row), seen in ``frames``, found in ``detected`` clips."""

    column: int
    row: int
    category: int
    frames: Sequence[int]
    detected: Sequence[int]
    logit: float = 8.0
    chance: float = 3.0

    def logits(self, frame: int) -> Tensor:
        mask = torch.full(GRID, -8.0)
        if frame in self.frames:
            mask[self.row : self.row + 6, self.column : self.column + 6] = self.logit
        return mask


@dataclass
class World:
    """Squares, numbered; ids are given to them in the order in which they are detected.

    Attributes:
        owners: which square each known id stands for.
    """

    squares: Sequence[Square]
    length: int = 1
    owners: dict[int, int] = field(default_factory=dict)

    def decoder(self) -> ScriptedDecoder:
        return ScriptedDecoder(self.predict)

    def predict(self, start: int, ids: tuple[int, ...]) -> Prediction:
        frames = range(start, start + self.length)
        rows = [(n if start in square.detected else None) for n, square in enumerate(self.squares)]
        rows += [None] * (QUERIES - len(rows))
        known = [self.owners.setdefault(i, self._newest(i)) for i in ids]
        seen = [n if any(f in self.squares[n].frames for f in frames) else None for n in known]
        masks = torch.stack([self._mask(n, frames) for n in rows + seen])
        embeddings = torch.stack([self._look(n, k) for k, n in enumerate(rows + seen)])
        classes = torch.full((QUERIES, CLASSES), -7.0)
        for q, n in enumerate(rows):
            if n is not None:
                classes[q, self.squares[n].category] = self.squares[n].chance
        embeddings = embeddings[:, None].expand(-1, self.length, -1)
        return Prediction(masks[None], classes[None], embeddings[None], QUERIES)

    def _newest(self, i: int) -> int:
        """Ids are born in the order of first detection, squares of one clip in their order."""
        return sorted(
            range(len(self.squares)), key=lambda n: min(self.squares[n].detected, default=9999)
        )[i - 1]

    def _mask(self, n: int | None, frames: Sequence[int]) -> Tensor:
        if n is None:
            return torch.full((len(frames), *GRID), -8.0)
        return torch.stack([self.squares[n].logits(f) for f in frames])

    def _look(self, n: int | None, row: int) -> Tensor:
        look = torch.zeros(CHANNELS)
        look[n if n is not None else 6 + row % 6] = 3.0
        return look
