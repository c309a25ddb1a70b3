"""When the masks of a category policy enter the prompt memory, and from which features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...config import InferenceConfig
from ...memory.mask_window import MaskWindow
from ..base import Clip
from .clip_decoder import ClipDecoder


class OwnFrames:
    """Every mask is sampled from its own frame, as soon as the clip has been answered."""

    def __init__(self, decoder: ClipDecoder, config: InferenceConfig) -> None:
        self._decoder = decoder
        self._stride = config.stride
        self._unanchored: set[int] = set()

    def open(self, clip: Clip, window: MaskWindow) -> None:
        """Before the clip is decoded."""
        self._decoder.advance(clip.stop)

    def add(self, clip: Clip, ids: Sequence[int], visible: Tensor) -> None:
        """New objects; ``visible`` [n, T]: frames with any pixel of them.

        The first slot is that of the first visible frame, so it gets real tokens.
        """
        for born, delay in zip(ids, visible.int().argmax(dim=1).tolist(), strict=True):
            self._decoder.add([born], clip.start + delay)
        self._unanchored.update(ids)

    def close(self, clip: Clip, window: MaskWindow, ids: Sequence[int]) -> None:
        """After the clip is settled; ``ids`` are the rows of the window."""
        if not ids:
            return
        logits = window.view(clip.start, clip.stop)
        masks = (logits > 0).float()
        self._decoder.observe(clip.features, clip.frame_indices, masks, clip.start)
        visible = masks.flatten(2).any(dim=2).tolist()
        for k in range(min(self._stride, len(clip))):  # frames that no later clip will see
            seen = [row for row in range(len(ids)) if visible[row][k]]
            soft = {ids[row]: logits[row, k].sigmoid() for row in seen}
            anchored = self._unanchored & soft.keys()
            self._decoder.remember_masks(clip.features[k : k + 1], soft, anchored)
            self._unanchored -= anchored


class ShiftedFrames:
    """The released order: masks are sampled when the next clip comes, with its features.

    The first objects' frames that left the clip are sampled from the frames that took their
    place, and so is every frame when clips have one frame. Objects found later get no tokens in
    their first slot.
    """

    def __init__(self, decoder: ClipDecoder, config: InferenceConfig) -> None:
        self._decoder = decoder
        self._config = config
        self._left: Tensor | None = None
        self._begun = False

    def open(self, clip: Clip, window: MaskWindow) -> None:
        """Before the clip is decoded."""
        self._decoder.advance(clip.stop)
        if self._left is None or not len(window.logits):
            return
        s = self._config.stride
        if not self._begun or self._config.clip_length == 1:
            self._sample(clip, self._left[:, : len(clip)], clip.start - s)
            self._begun = True
        known = len(clip) - clip.new
        if known:
            self._sample(clip, window.view(clip.start, clip.start + known), clip.start)

    def _sample(self, clip: Clip, logits: Tensor, slot: int) -> None:
        masks = (clip.geometry.to_padded(logits) > 0).float()
        K = masks.shape[1]
        self._decoder.observe(clip.features[:K], clip.frame_indices[:K], masks, slot)

    def add(self, clip: Clip, ids: Sequence[int], visible: Tensor) -> None:
        """New objects appear first where their clip begins, seen there or not."""
        self._decoder.add(ids, clip.start)

    def close(self, clip: Clip, window: MaskWindow, ids: Sequence[int]) -> None:
        """After the clip is settled."""
        self._left = window.view(clip.start, clip.start + self._config.stride)
