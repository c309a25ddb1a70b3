"""Who owns which pixel in VPS by the released code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..frame_geometry import FrameGeometry
from ..mask_scores import joint_mask_quality, weighted_claims, winner_masks
from ..released_behaviour import MergeBy


@dataclass(eq=False)
class ReleasedOwners:
    """Everything is counted at source size, and whoever wins a pixel takes it from all others.

    A logit of 0, which also stands for frames that an object was never seen in, is a claim.
    """

    logits: Tensor
    merge_by: MergeBy
    geometry: FrameGeometry

    def __post_init__(self) -> None:
        self.quality = joint_mask_quality(self._pictures())

    def shares(self, score: Tensor) -> list[float]:
        """As :meth:`Owners.shares`."""
        won, claimed = [], []
        for picture in self._pictures():
            inside = picture.sigmoid() >= 0.5
            won.append(
                winner_masks(weighted_claims(picture, score, self.merge_by), inside) & inside
            )
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
            yield self.geometry.padded_to_source(self.geometry.to_padded(self.logits[:, f]))
