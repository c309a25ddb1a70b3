"""Prompt memory: the visual tokens that a session remembers of each object (UniVS fig. 2, §3.2).

The published pool keeps one slot per frame of the video for ever, but reads only an object's
first slot and the last M. This one keeps what is read, so its size does not depend on the length
of the video, and the result is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..models.tensors import FrameFeatures, PromptQueries, VisualTokens
from ..models.univs import UniVS
from .config import InferenceConfig
from .policies.base import Clip


class PromptMemory:
    """Tokens of N objects in row order; slots are numbered by position in the stream.

    An object has the slot of its first appearance and the last ``config.slots`` ones; a slot
    holds R tokens. All tensors have rows in the order of :attr:`ids`.
    """

    def __init__(self, model: UniVS, config: InferenceConfig) -> None:
        raise NotImplementedError

    @property
    def ids(self) -> tuple[int, ...]:
        """Object ids in row order."""
        raise NotImplementedError

    def add(self, ids: Sequence[int], first: int) -> None:
        """New rows after the known ones, all slots zero; ``first``: slot of first appearance."""
        raise NotImplementedError

    def remove(self, ids: Sequence[int]) -> None:
        """Forgets objects; the order of the others stays."""
        raise NotImplementedError

    def advance(self, stop: int) -> None:
        """Opens the slots before ``stop``: zero, or (``config.inherit_tokens``) the last slot's."""
        raise NotImplementedError

    def observe(
        self,
        features: FrameFeatures,
        frame_indices: Tensor,
        masks: Tensor,
        slot: int,
        rows: Sequence[int] | None = None,
    ) -> None:
        """Samples tokens of K frames, in order, and remembers them.

        Frame k's tokens go to slot ``slot + k`` and all later open slots, of the objects whose
        mask is not empty there (the newest frames inherit the last tokens). Slots that are no
        longer kept are skipped.

        Args:
            features: K frames (the caller decides which: the frames' own, or as released others).
            frame_indices: [K] temporal coordinates of these features.
            masks: [N, K, h, w] 0..1, rows as :attr:`ids` (or as ``rows``), any grid that covers
                the padded input; at least 0.5 counts as inside.
            slot: slot of the first frame.
            rows: row numbers that ``masks`` is about; None: all.
        """
        raise NotImplementedError

    def write(self, rows: Sequence[int], tokens: VisualTokens, slot: int) -> None:
        """Puts tokens [len(rows), R, C] into ``slot`` and all later open slots of these rows."""
        raise NotImplementedError

    def queries(self, clip: Clip) -> PromptQueries:
        """Prompt queries of all N objects for a clip; call ``advance(clip.stop)`` before.

        The initial query is the mean token of the frame's slot; ProCA sees the first slot and
        the last ``config.slots`` slots on every frame.
        """
        raise NotImplementedError
