"""What differs between VIS and VPS: which detections count, and what becomes of final masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from ....results import FrameResult, Track
from ...frame_geometry import FrameGeometry
from ...memory.frame_window import FinishedFrames
from ...tracking.entities import Entities
from .detection import Detections

Pair = tuple[int, int]
"""Rows of a known object and of a detection."""


class CategoryRules(Protocol):
    """Which detections count in one task.

    Attributes:
        least_score: class score above which an unknown detection becomes an object.
    """

    least_score: float

    def candidates(self, detections: Detections) -> Detections:
        """The detections of a clip that are compared with known objects."""
        ...

    def first(self, candidates: Detections) -> Detections:
        """The candidates that become objects while nothing is tracked."""
        ...

    def trusted(self, pairs: list[Pair], affinity: Tensor) -> list[Pair]:
        """The pairs whose masks are taken; ``affinity`` [N, Q] in 0..1."""
        ...

    def kept(self, score: Tensor, measured: Tensor, geometry: FrameGeometry) -> Tensor:
        """[N] bool: remembered objects that keep their mask against the others.

        Args:
            score: [N]. measured: [N, T, h, w] logits on the grid of the geometry.
        """
        ...


class CategoryOutput(Protocol):
    """Turns final masks into results of one task and keeps its video-level table."""

    def emit(self, frames: FinishedFrames, entities: Entities) -> list[FrameResult]:
        """Results of consecutive frames that are final."""
        ...

    def retire(self, entities: Entities, rows: Sequence[int]) -> None:
        """Keeps what the table needs of objects that are about to be given up."""
        ...

    def tracks(self, entities: Entities) -> tuple[Track, ...]:
        """As :meth:`TaskPolicy.tracks`."""
        ...
