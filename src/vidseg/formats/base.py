"""The protocol of everything that keeps results."""

from __future__ import annotations

from typing import Protocol

from ..results import FrameResult
from ..types import Frame


class ResultWriter(Protocol):
    """Takes results frame by frame, in order, and holds no masks or pictures of past frames."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Adds one frame. Raises OutputError where it cannot be kept."""
        ...

    def close(self) -> None:
        """Finishes the files with the frames written so far, also after an interruption.

        Without a single frame nothing is left behind. Closing again does nothing.
        """
        ...
