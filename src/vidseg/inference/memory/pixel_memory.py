"""Remembered frames for the pixel-level read-out: affinity keys and soft masks, bounded.

Two kinds of frame are kept: *anchors*, on which an object was given, corrected or first found,
and the *recent* few. Their number does not depend on the length of the video.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.univs.propagation import MapKind, Propagation

# Less affinity than this on frames that know the object says nothing about it.
_LEAST_EVIDENCE = 0.05


@dataclass(eq=False)
class RememberedFrame:
    """One frame of the past: key [D, h, w] and a soft mask [h, w] per object id."""

    key: Tensor
    masks: dict[int, Tensor]


class PixelMemory:
    """Writes masks of processed frames and reads maps for the next one.

    Objects are named by id; any id may be unknown to some of the frames. Bounded by the
    configuration's ``recent_frames`` and ``anchor_frames``.
    """

    def __init__(self, propagation: Propagation):
        self.propagation = propagation
        self.anchors: list[RememberedFrame] = []
        self.recent: deque[RememberedFrame] = deque(maxlen=propagation.config.recent_frames)

    def write(self, key: Tensor, masks: Mapping[int, Tensor], anchored: Collection[int]) -> None:
        """Remembers one processed frame.

        Args:
            key: [D, h, w] affinity key of the frame.
            masks: soft masks 0..1 by object id, any resolution over the same padded extent.
            anchored: ids for which this frame says what the object is.
        """
        size = (int(key.shape[-2]), int(key.shape[-1]))
        if masks:
            pooled = F.adaptive_avg_pool2d(torch.stack(list(masks.values())), size)
            frame = RememberedFrame(key, dict(zip(masks, pooled.unbind(), strict=True)))
        else:
            frame = RememberedFrame(key, {})
        self.recent.append(frame)
        if anchored:
            chosen = {i: mask for i, mask in frame.masks.items() if i in anchored}
            self.anchors.append(RememberedFrame(key, chosen))
            self._evict_anchor(frame)

    def forget(self, ids: Collection[int]) -> None:
        """Drops everything about some objects; anchors that nobody needs go too."""
        for frame in (*self.anchors, *self.recent):
            for i in ids:
                frame.masks.pop(i, None)
        self.anchors = [frame for frame in self.anchors if frame.masks]

    def read(
        self, keys: Tensor, ids: Sequence[int], drawn: Mapping[int, Tensor] | None = None
    ) -> Tensor:
        """Maps for the prompt queries of some objects.

        Args:
            keys: [T, D, h, w] keys of the frames to be answered.
            ids: objects, in the order of the prompt queries.
            drawn: by id, what the user drew on these frames: [T, h, w], -1 .. 1, 0 unknown.

        Returns:
            [1, N, T, M, h, w], channels as in :class:`MapKind`.
        """
        T, _, h, w = keys.shape
        maps = keys.new_zeros(T, len(ids), len(MapKind), h, w)
        anchors = [a for a in self.anchors if any(i in a.masks for i in ids)]
        if anchors:
            maps[:, :, MapKind.ANCHOR] = self._read(anchors, keys, ids, nearby=False)
        if self.recent:
            # An anchor is looked at from nearby too, or small errors of the recent frames add up.
            old = [a for a in anchors if all(a.key is not r.key for r in self.recent)]
            maps[:, :, MapKind.RECENT] = self._read([*old, *self.recent], keys, ids, nearby=True)
            for row, i in enumerate(ids):
                if i in self.recent[-1].masks:
                    maps[:, row, MapKind.PREVIOUS] = 2 * self.recent[-1].masks[i] - 1
        for row, i in enumerate(ids):
            if drawn is not None and i in drawn:
                maps[:, row, MapKind.PROMPT] = drawn[i]
        return maps.transpose(0, 1)[None]

    def _read(
        self, frames: Sequence[RememberedFrame], keys: Tensor, ids: Sequence[int], *, nearby: bool
    ) -> Tensor:
        """[T, N, h, w] signed maps; the softmax of an object runs over the frames that know it."""
        blank = torch.zeros_like(keys[0, 0])
        masks = torch.stack([torch.stack([f.masks.get(i, blank) for i in ids]) for f in frames])
        known = torch.stack(
            [torch.stack([blank + float(i in f.masks) for i in ids]) for f in frames]
        )
        T = keys.shape[0]
        memory = torch.stack([f.key for f in frames]).expand(T, -1, -1, -1, -1)
        values = torch.cat([masks, known], dim=1).expand(T, -1, -1, -1, -1)
        read = self.propagation.read_nearby if nearby else self.propagation.read_anywhere
        value, mass = read(keys, memory, values).chunk(2, dim=1)
        signed = 2 * value / mass.clamp(min=_LEAST_EVIDENCE) - 1
        return torch.where(mass >= _LEAST_EVIDENCE, signed, torch.zeros_like(signed))

    def _evict_anchor(self, newest: RememberedFrame) -> None:
        """Keeps the bound: the anchor that fewest objects depend on goes, the oldest of equals.

        Objects left without an anchor are anchored to the newest frame instead.
        """
        if len(self.anchors) <= self.propagation.config.anchor_frames:
            return
        loser = min(self.anchors[:-1], key=lambda a: len(a.masks))
        self.anchors.remove(loser)
        for i in loser.masks:
            if i in newest.masks and not any(i in a.masks for a in self.anchors):
                self.anchors[-1].masks[i] = newest.masks[i]
