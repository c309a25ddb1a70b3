"""When released code samples masks into the prompt memory, and from which features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..clip import Clip
from ..config import InferenceConfig
from ..memory.frame_window import FrameWindow
from ..memory.prompt_memory import ObjectMemory


class ShiftedFrames:
    """The released order: masks are sampled when the next clip comes, with its features.

    The first objects' frames that left the clip are sampled from the frames that took their
    place, and so is every frame when clips have one frame. Objects found later get no tokens in
    their first slot.
    """

    def __init__(self, memory: ObjectMemory, config: InferenceConfig) -> None:
        self._memory = memory
        self._config = config
        self._left: Tensor | None = None
        self._begun = False

    def open(self, clip: Clip, window: FrameWindow) -> None:
        """Before the clip is decoded."""
        self._memory.advance(clip.stop)
        if self._left is None or not len(window.logits):
            return
        s = self._config.stride
        if not self._begun or self._config.clip_length == 1:
            self._sample(clip, self._left[:, : len(clip)], clip.start - s)
            self._begun = True
        known = len(clip) - clip.new
        if known:
            self._sample(clip, window.mean(clip.start, clip.start + known), clip.start)

    def _sample(self, clip: Clip, logits: Tensor, slot: int) -> None:
        masks = (clip.geometry.to_padded(logits) > 0).float()
        K = masks.shape[1]
        self._memory.observe(clip.features[:K], clip.frame_indices[:K], masks, slot)

    def add(self, clip: Clip, ids: Sequence[int], visible: Tensor) -> None:
        """New objects appear first where their clip begins, seen there or not."""
        self._memory.add(ids, clip.start)

    def close(self, clip: Clip, window: FrameWindow, ids: Sequence[int]) -> None:
        """After the clip is settled."""
        self._left = window.mean(clip.start, clip.start + self._config.stride)
