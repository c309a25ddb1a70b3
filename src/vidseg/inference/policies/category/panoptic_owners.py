"""Who owns which pixel in VPS: counted on the decoder's grid, or as released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ...frame_geometry import FrameGeometry
from ...mask_scores import mask_quality, weighted_claims, winner_masks
from ...memory.frame_window import FinishedFrames
from ...published.panoptic_owners import ReleasedOwners
from ...released_behaviour import MergeBy, PublishedBehaviour


class Owners(Protocol):
    """Settles the overlaps of N objects on F frames.

    Used in this order: ``quality`` when made, ``shares`` once, ``masks`` frame by frame.
    """

    quality: Tensor
    """[N] mask quality over the frames."""

    def shares(self, score: Tensor) -> list[float]:
        """Part of its claim that each object keeps when ``score`` [N] weighs the claims."""
        ...

    def masks(self, kept: list[int]) -> Iterator[Tensor]:
        """[len(kept), H, W] bool of each frame at source size, nowhere two true."""
        ...


@dataclass(eq=False)
class CellOwners:
    """Shares are counted on the decoder's grid; objects that claim a pixel compete for it.

    An object that keeps too little leaves its pixels to the others; released code leaves holes.
    """

    logits: Tensor
    merge_by: MergeBy
    geometry: FrameGeometry

    def __post_init__(self) -> None:
        self.quality = mask_quality(self.logits)

    def shares(self, score: Tensor) -> list[float]:
        """As :meth:`Owners.shares`."""
        self._score = score
        inside = self.logits > 0
        won = weighted_claims(self.logits, score, self.merge_by) * inside
        kept = (winner_masks(won, inside) & inside).flatten(1).sum(dim=1)
        shares: list[float] = (kept / inside.flatten(1).sum(dim=1).clamp(min=1)).tolist()
        return shares

    def masks(self, kept: list[int]) -> Iterator[Tensor]:
        """As :meth:`Owners.masks`; one picture of one object at a time, to save memory."""
        for f in range(self.logits.shape[1]):
            height, width = self.geometry.source
            best = self.logits.new_zeros(height, width)
            owner = torch.full_like(best, -1, dtype=torch.int16)
            for order, row in enumerate(kept):
                logits = self.geometry.to_source(self.logits[row, f])
                value = weighted_claims(logits[None], self._score[row : row + 1], self.merge_by)[0]
                better = (logits > 0) & (value > best)
                best = torch.where(better, value, best)
                owner.masked_fill_(better, order)
            order_of = torch.arange(len(kept), device=owner.device)[:, None, None]
            yield owner[None] == order_of


def owners_of(frames: FinishedFrames, rows: list[int], behaviour: PublishedBehaviour) -> Owners:
    """The way that the configuration names, for some rows of finished frames."""
    logits = frames.logits if behaviour.overlapping_clips == "sum" else frames.mean
    kind = CellOwners if behaviour.mask_measures == "cells" else ReleasedOwners
    return kind(logits[rows], behaviour.merge_by, frames.geometry)
