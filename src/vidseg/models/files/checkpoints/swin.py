"""Swin Transformers as their authors publish them, trained on ImageNet-1k or -22k."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .translation import Renaming, Translation

NOT_THERE = ("backbone.norm#.",)
"""Beginnings of our names that no classifier has: the norms of the four outputs."""

_COMPUTED = "computed from the size of the picture here"
_NAMES = Renaming(
    (("patch_embed.", "backbone.patch_embed."), ("layers.", "backbone.layers.")),
    (
        ("norm.", "the norm before the classifier"),
        ("head.", "the classifier of ImageNet"),
        ("layers.#.blocks.#.attn_mask", _COMPUTED),
        ("absolute_pos_embed", "a position of each patch, which detection leaves out"),
    ),
)


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """A published state dict under our names."""
    return _NAMES.translate(tensors)
