"""Shape and place of tracked objects and of what is found: what GvSeg Eq. 6 adds to looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...models.gvseg.shape_position import DescriptorConfig, descriptors
from ..config import GvSegSettings

DescribeMasks = Callable[[Tensor], Tensor]
"""Masks [n, h, w] bool -> descriptors [n, C]."""


def describer(config: DescriptorConfig, width: int) -> DescribeMasks:
    """Descriptors of GvSeg Eq. 3-4 as wide as the embeddings that they are added to."""
    return lambda masks: descriptors(masks, config, width)


def first_visible(masks: Tensor) -> Tensor:
    """[n, h, w] of [n, T, h, w] bool: each object on the first frame that shows it, else empty."""
    frame = masks.flatten(2).any(2).to(torch.uint8).argmax(1)
    return masks[torch.arange(len(masks), device=masks.device), frame]


def shapes_of(
    describe: DescribeMasks, config: GvSegSettings, is_thing: Sequence[bool]
) -> ShapeMemory | None:
    """The memory that a configuration asks for, for classes of these kinds."""
    asked = "shape_position" in (config.affinity, config.stuff_affinity)
    return ShapeMemory(describe, config, is_thing) if asked else None


class ShapeMemory:
    """What shape and place each object had where it was last in sight, rows as of the entities.

    ``cosine(q + H, q' + H')`` compares the last frame that showed an object with the first frame
    of the new clip that shows a detection (GvSeg Eq. 6). Whether H takes part is asked for things
    and stuff apart (Table 4d): it is zero for kinds that are known by appearance alone.
    """

    def __init__(
        self, describe: DescribeMasks, config: GvSegSettings, is_thing: Sequence[bool]
    ) -> None:
        self._describe = describe
        self._described = [
            (config.affinity if thing else config.stuff_affinity) == "shape_position"
            for thing in is_thing
        ]
        self._last: Tensor | None = None

    def known(self, class_scores: Tensor) -> Tensor:
        """[N, C] descriptors of the objects with these class scores [N, K]."""
        assert self._last is not None
        return self._last * self._takes_part(class_scores)

    def found(self, mask_logits: Tensor, scores: Tensor) -> Tensor:
        """[Q, C] descriptors of detections with masks [Q, T, h, w] and class scores [Q, K]."""
        return self._describe(first_visible(mask_logits > 0)) * self._takes_part(scores)

    def see(self, rows: Sequence[int], mask_logits: Tensor) -> None:
        """Objects were found with these masks [n, T, h, w]; those out of sight stay as they are."""
        masks = mask_logits.flip(1) > 0
        visible = masks.flatten(1).any(1).nonzero()[:, 0].tolist()
        if visible and self._last is not None:
            told = self._describe(first_visible(masks[visible]))
            self._last = self._last.clone()
            self._last[[rows[n] for n in visible]] = told

    def append(self, mask_logits: Tensor) -> None:
        """New objects after the known ones, with the masks [n, T, h, w] they were found by."""
        told = self._describe(first_visible(mask_logits.flip(1) > 0))
        self._last = told if self._last is None else torch.cat([self._last, told])

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all other objects."""
        if self._last is not None:
            self._last = self._last[torch.as_tensor(rows, dtype=torch.long)]

    def _takes_part(self, scores: Tensor) -> Tensor:
        """[n, 1] 1 or 0 by the likeliest class of each row."""
        flags = scores.new_tensor(self._described)
        return flags[scores.argmax(1)][:, None] if len(scores) else scores.new_zeros(0, 1)
