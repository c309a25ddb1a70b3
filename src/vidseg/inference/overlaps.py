"""Which object owns a pixel that several objects claim."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import Contest


def winner_masks(weighted: Tensor, inside: Tensor, *, among: Contest = "all") -> Tensor:
    """Pixels won by each object: the largest weight takes a pixel that any object claims.

    Args:
        weighted: [N, ...] what competes, one value >= 0 per object and pixel, N >= 1.
        inside: [N, ...] bool, whether the object claims the pixel.
        among: who may win, ``"all"`` objects as released, or only the ``"claimants"``.

    Returns:
        [N, ...] bool, at most one object per pixel.
    """
    if among == "claimants":
        weighted = torch.where(inside, weighted, -1.0)
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
