"""What becomes of the final masks of VIS and VPS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from ....results import FrameResult, Track
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry
from ...memory.mask_window import FinishedFrames
from ...tracking.entities import Entities


class CategoryOutput(Protocol):
    """Turns final masks into results of one task and keeps its video-level table."""

    def emit(
        self, frames: FinishedFrames, entities: Entities, geometry: FrameGeometry
    ) -> list[FrameResult]:
        """Results of consecutive frames that are final."""
        ...

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """Keeps what the table needs of objects that are about to be given up."""
        ...

    def tracks(self, entities: Entities) -> tuple[Track, ...]:
        """As :meth:`TaskPolicy.tracks`."""
        ...


def source_logits(logits: Tensor, geometry: FrameGeometry, config: InferenceConfig) -> Tensor:
    """[N, h, w] logits at source size: in one step, or in the two of the released code."""
    if config.mask_measures == "pixels":
        return geometry.padded_to_source(geometry.to_padded(logits))
    return geometry.to_source(logits)
