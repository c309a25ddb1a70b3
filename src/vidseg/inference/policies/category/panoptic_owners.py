"""Who owns which pixel in VPS: as released, or as we believe is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...mask_quality import joint_mask_quality, mask_quality
from ...memory.mask_window import FinishedFrames
from ...overlaps import winner_masks
from .output import source_logits


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
    config: InferenceConfig
    geometry: FrameGeometry

    def __post_init__(self) -> None:
        self.quality = mask_quality(self.logits)

    def shares(self, score: Tensor) -> list[float]:
        """As :meth:`Owners.shares`."""
        self._score = score
        inside = self.logits > 0
        won = _weigh(self.logits, score, self.config) * inside
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
                logits = source_logits(self.logits[row, f], self.geometry, self.config)
                value = _weigh(logits[None], self._score[row : row + 1], self.config)[0]
                better = (logits > 0) & (value > best)
                best = torch.where(better, value, best)
                owner.masked_fill_(better, order)
            order_of = torch.arange(len(kept), device=owner.device)[:, None, None]
            yield owner[None] == order_of


@dataclass(eq=False)
class ReleasedOwners:
    """Everything is counted at source size, and whoever wins a pixel takes it from all others.

    A logit of 0, which also stands for frames that an object was never seen in, is a claim.
    """

    logits: Tensor
    config: InferenceConfig
    geometry: FrameGeometry

    def __post_init__(self) -> None:
        self.quality = joint_mask_quality(self._pictures())

    def shares(self, score: Tensor) -> list[float]:
        """As :meth:`Owners.shares`."""
        won, claimed = [], []
        for picture in self._pictures():
            inside = picture.sigmoid() >= 0.5
            won.append(winner_masks(_weigh(picture, score, self.config), inside) & inside)
            claimed.append(inside.flatten(1).sum(dim=1))
        self._won = torch.stack(won, dim=1)
        kept = self._won.flatten(1).sum(dim=1)
        shares: list[float] = (kept / torch.stack(claimed).sum(dim=0).clamp(min=1)).tolist()
        return shares

    def masks(self, kept: list[int]) -> Iterator[Tensor]:
        """As :meth:`Owners.masks`."""
        yield from self._won[kept].unbind(dim=1)

    def _pictures(self) -> Iterator[Tensor]:
        """[N, H, W] logits at source size, one frame at a time to save memory."""
        for f in range(self.logits.shape[1]):
            yield source_logits(self.logits[:, f], self.geometry, self.config)


def owners_of(
    frames: FinishedFrames, rows: list[int], config: InferenceConfig, geometry: FrameGeometry
) -> Owners:
    """The way that the configuration names, for some rows of finished frames."""
    logits = frames.logits if config.overlapping_clips == "sum" else frames.mean
    kind = CellOwners if config.mask_measures == "cells" else ReleasedOwners
    return kind(logits[rows], config, geometry)


def _weigh(logits: Tensor, score: Tensor, config: InferenceConfig) -> Tensor:
    """What competes: score [N] times logit or probability [N, ...]."""
    value = logits if config.merge_by == "logit" else logits.sigmoid()
    return value * score.view(-1, *[1] * (logits.ndim - 1))
