"""Batches of clips as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import DataError
from ..clips.schema import ClipSample


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """B clips of one dataset.

    Attributes:
        images: [B, T, 3, H, W] uint8.
        frame_indices: [B, T] int64.
        samples: the clips themselves, for their masks, labels and sentences.
    """

    images: Tensor
    frame_indices: Tensor
    samples: tuple[ClipSample, ...]

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """K category names, the same for all clips; empty without categories."""
        return self.samples[0].vocabulary


def collate_clips(samples: Sequence[ClipSample]) -> ClipBatch:
    """Stacks clips of one size and vocabulary. Raises DataError if they differ."""
    if len({sample.images.shape for sample in samples}) != 1:
        raise DataError("Clips of a batch must have the same number of frames and size.")
    if len({sample.vocabulary for sample in samples}) != 1:
        raise DataError("Clips of a batch must share a vocabulary: draw them from one dataset.")
    return ClipBatch(
        torch.stack([sample.images for sample in samples]),
        torch.stack([sample.frame_indices for sample in samples]),
        tuple(samples),
    )
