"""Whose pixel it is where objects that the user marked claim the same one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...config import InferenceConfig
from ...frame_geometry import MASK_STRIDE
from ...overlaps import winner_masks
from ..annotations import Annotation
from ..base import Clip

# Logits of a given mask on the decoder's grid, when it competes and is remembered.
GIVEN_LOGIT = 10.0


def settle_backgrounds(ids: Sequence[int], logits: Tensor) -> Tensor:
    """Gives each disputed pixel to the object or to its background, whichever is surer.

    ``logits`` [N, T, h, w] of the objects ``ids`` are changed in place and returned.
    """
    for row, name in enumerate(ids):
        if name < 0:
            owner = list(ids).index(-name)
            own, other = logits[owner].clone(), logits[row].clone()
            logits[owner] = torch.where(other > own, -own.abs(), own)
            logits[row] = torch.where(other > own, other, -other.abs())
    return logits


def winners(
    config: InferenceConfig, strength: Tensor, certainty: Tensor, claimed: Tensor
) -> Tensor:
    """[N, T, h, w] bool: who wins, by strength [N] times certainty, what logits above 0 claim."""
    weighted = strength[:, None, None, None] * certainty
    return winner_masks(weighted, claimed > 0, among=config.contest)


def resolved(config: InferenceConfig, claimed: Tensor, won: Tensor) -> Tensor:
    """Logits after the settlement: what was not won is no mask."""
    if config.lost_pixels == "zero":
        return claimed * won
    return torch.where(won, claimed, -claimed.abs())


def given_logits(config: InferenceConfig, clip: Clip, given: Annotation) -> Tensor:
    """[1, h, w] a given mask on the grid of the window."""
    assert given.mask is not None
    like = clip.features.mask_features
    mask = clip.geometry.mask_to_padded(given.mask)[None].to(like.device)
    if config.mask_measures == "pixels":
        return mask
    cells = F.avg_pool2d(mask, MASK_STRIDE)
    return (2 * cells - 1) * GIVEN_LOGIT
