"""Prompt memory: the visual tokens that a session remembers of each object (UniVS §4.2, Fig. 4).

The published pool keeps one slot per frame of the video for ever, but reads only an object's
first slot and the last M. This one keeps what is read, so its size does not depend on the length
of the video, and the result is the same. For models with a pixel-level read-out the memory of
masks (:class:`PixelMemory`) lives beside it, under the same object ids.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from ...models.decoder.tensors import FrameFeatures, PromptQueries, VisualTokens
from ...models.prompts.regions import VisualRegions
from ...models.univs.model import UniVS
from ..clip import Clip
from ..config import InferenceConfig
from ..frame_geometry import MASK_STRIDE
from .pixel_memory import PixelMemory


class ObjectMemory(Protocol):
    """What VIS and VPS tell the memory of their objects; the verbs are those of PromptMemory."""

    def add(self, ids: Sequence[int], first: int) -> None: ...

    def remove(self, ids: Collection[int]) -> None: ...

    def advance(self, stop: int) -> None: ...

    def observe(
        self, features: FrameFeatures, frame_indices: Tensor, masks: Tensor, slot: int
    ) -> None: ...

    def remember_masks(
        self, features: FrameFeatures, masks: Mapping[int, Tensor], anchored: Collection[int]
    ) -> None: ...


class PromptMemory:
    """Tokens of N objects in row order; slots are numbered by position in the stream.

    An object has the slot of its first appearance and the last ``config.slots`` ones; a slot
    holds R tokens. Invariant: ``content`` and ``position`` are [N, S, R, C] with rows in the
    order of :attr:`ids` and columns for the slots ``stop - S .. stop - 1``.
    """

    def __init__(self, model: UniVS, config: InferenceConfig) -> None:
        self.model = model
        self.config = config
        self.random = torch.Generator().manual_seed(0)  # the same video gives the same answer
        self.ids: tuple[int, ...] = ()
        self.stop = 0
        self.first_slots: tuple[int, ...] = ()
        parameter = next(model.parameters())
        C, R = model.config.decoder.hidden, config.tokens_per_prompt
        self.content = parameter.new_zeros(0, 0, R, C)
        self.position = parameter.new_zeros(0, 0, R, C)
        self.first_content = parameter.new_zeros(0, R, C)
        self.first_position = parameter.new_zeros(0, R, C)
        self.pixels = None if model.propagation is None else PixelMemory(model.propagation)

    def add(self, ids: Sequence[int], first: int) -> None:
        """New rows after the known ones, all slots zero; ``first``: slot of first appearance."""
        known = set(self.ids) & set(ids)
        assert not known, f"objects {known} are in the memory already"
        self.ids += tuple(ids)
        self.first_slots += (first,) * len(ids)
        for name in ("content", "position", "first_content", "first_position"):
            old: Tensor = getattr(self, name)
            setattr(self, name, torch.cat([old, old.new_zeros(len(ids), *old.shape[1:])]))

    def remove(self, ids: Collection[int]) -> None:
        """Forgets objects; the order of the others stays."""
        kept = [row for row, i in enumerate(self.ids) if i not in ids]
        self.ids = tuple(self.ids[row] for row in kept)
        self.first_slots = tuple(self.first_slots[row] for row in kept)
        for name in ("content", "position", "first_content", "first_position"):
            setattr(self, name, getattr(self, name)[kept])
        if self.pixels is not None:
            self.pixels.forget(ids)

    def advance(self, stop: int) -> None:
        """Opens the slots before ``stop``: zero, or with ``inherit_tokens`` those of the last."""
        extra = stop - self.stop
        if extra <= 0:
            return
        self.stop = stop
        for name in ("content", "position"):
            old: Tensor = getattr(self, name)
            N, S, R, C = old.shape
            if self.config.published.inherit_tokens and S:
                new = old[:, -1:].expand(N, extra, R, C)
            else:
                new = old.new_zeros(N, extra, R, C)
            setattr(self, name, torch.cat([old, new], dim=1)[:, -self.config.slots :])

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
        mask is not empty there (the newest frames inherit the last tokens).

        Args:
            features: K frames (the caller decides which: the frames' own, or as released others).
            frame_indices: [K] temporal coordinates of these features.
            masks: [N, K, h, w] 0..1, rows as :attr:`ids` (or as ``rows``), any grid that covers
                the padded input; at least 0.5 counts as inside.
            slot: slot of the first frame.
            rows: row numbers that ``masks`` is about; None: all.
        """
        rows = range(len(self.ids)) if rows is None else rows
        inside = masks >= 0.5
        for k in range(len(features)):
            seen = inside[:, k].flatten(1).any(1).tolist()
            chosen = [j for j, visible in enumerate(seen) if visible]
            if not chosen:
                continue
            frame = features[k : k + 1]
            full = _at_input_size(inside[chosen, k], frame)
            regions = VisualRegions.from_masks(full)
            tokens = self.encode(frame, frame_indices[k], regions, slot + k)
            self.write([rows[j] for j in chosen], tokens, slot + k)

    def encode(
        self, features: FrameFeatures, frame_index: Tensor, regions: VisualRegions, slot: int
    ) -> VisualTokens:
        """R tokens of each region on the frame of a slot; remembers nothing."""
        length = min(self.config.clip_length, self.stop)  # a video may be shorter than a clip
        place = min(max(0, slot - (self.stop - length)), length - 1)
        return self.model.encode_visual(
            features,
            frame_index,
            regions,
            tokens=self.config.tokens_per_prompt,
            random=self.random,
            clip_slot=(place, length),
            temporal_encoding=self.config.temporal_encoding,
        )

    def write(self, rows: Sequence[int], tokens: VisualTokens, slot: int) -> None:
        """Puts tokens [len(rows), R, C] into ``slot`` and all later open slots of these rows."""
        index = torch.as_tensor(list(rows), device=self.content.device)
        column = max(0, slot - (self.stop - self.content.shape[1]))
        first = [j for j, row in enumerate(rows) if self.first_slots[row] >= slot]
        for ring, start, new in (
            (self.content, self.first_content, tokens.content),
            (self.position, self.first_position, tokens.position),
        ):
            ring[index, column:] = new[:, None].to(ring.dtype)
            start[index[first]] = new[first].to(ring.dtype)

    def reanchor(self, object_id: int, slot: int) -> None:
        """Starts a known object anew at ``slot``, because the user said what it really is.

        Its older slots stay until its tokens at ``slot`` are written and time pushes them out.
        """
        row = self.ids.index(object_id)
        self.first_slots = (*self.first_slots[:row], slot, *self.first_slots[row + 1 :])
        if self.pixels is not None:
            self.pixels.forget([object_id])

    def remember_masks(
        self, features: FrameFeatures, masks: Mapping[int, Tensor], anchored: Collection[int]
    ) -> None:
        """Gives one processed frame to the pixel memory; nothing for a model without one.

        Args:
            features: the frame.
            masks: soft masks 0..1 [h, w] by object id; leave out objects that are lost.
            anchored: ids that the user drew, or that were first found, on this frame.
        """
        if self.pixels is not None:
            assert features.affinity is not None and len(features) == 1
            self.pixels.write(features.affinity[0], masks, anchored)

    def queries(self, clip: Clip, drawn: Mapping[int, Tensor] | None = None) -> PromptQueries:
        """Prompt queries of all N objects for a clip; call ``advance(clip.stop)`` before.

        The initial query is the mean token of the frame's slot; ProCA sees the first slot and
        the last ``config.slots`` slots on every frame.

        Args:
            clip: T frames.
            drawn: by id, what the user drew on these frames: [T, H/8, W/8], -1..1, 0 unknown.
        """
        assert self.stop == clip.stop, "advance the memory to the end of the clip first"
        content, position = (
            torch.cat([start[:, None], ring], dim=1).flatten(1, 2)[None, :, :, None]
            for start, ring in (
                (self.first_content, self.content),
                (self.first_position, self.position),
            )
        )
        slots, slot_position = (
            ring[None, :, -len(clip) :] for ring in (self.content, self.position)
        )
        queries = self.model.visual_queries(content, position, slots, slot_position)
        if self.pixels is None or not self.ids:
            return queries
        assert clip.features.affinity is not None
        maps = self.pixels.read(clip.features.affinity, self.ids, drawn)
        return replace(queries, maps=maps)


def _at_input_size(masks: Tensor, frame: FrameFeatures) -> Tensor:
    """[N, h, w] bool masks on any grid over the padded input to [N, H, W] (nearest)."""
    height, width = frame.mask_features.shape[-2:]
    size = (height * MASK_STRIDE, width * MASK_STRIDE)
    if tuple(masks.shape[-2:]) == size:
        return masks
    return F.interpolate(masks[None].float(), size=size, mode="nearest")[0] > 0
