"""Which object owns a pixel that several objects claim."""

from __future__ import annotations

import torch
from torch import Tensor


def winner_masks(weighted: Tensor, inside: Tensor) -> Tensor:
    """Pixels won by each object: the largest weight takes a pixel that any object claims.

    Args:
        weighted: [N, ...] what competes, one value per object and pixel, N >= 1.
        inside: [N, ...] bool, whether the object claims the pixel.

    Returns:
        [N, ...] bool, at most one object per pixel. The winner need not claim the pixel itself.
    """
    order = torch.arange(weighted.shape[0], device=weighted.device)
    winner = torch.where(inside.any(dim=0), weighted.argmax(dim=0), -1)
    return winner[None] == order.view(-1, *[1] * (weighted.ndim - 1))


def undisputed(weighted: Tensor, inside: Tensor, least: float) -> Tensor:
    """Objects that keep more than the share ``least`` of what they claim.

    Args as :func:`winner_masks`. Returns [N] bool.
    """
    won = winner_masks(weighted, inside)
    area = inside.flatten(1).sum(dim=1)
    share = won.flatten(1).sum(dim=1) / area.clamp(min=1)
    return (share > least) & (won & inside).flatten(1).any(dim=1)
