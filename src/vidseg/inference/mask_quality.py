"""How sharply a mask is drawn: few undecided pixels, high quality."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def mask_quality(logits: Tensor) -> Tensor:
    """Share of clearly inside pixels among those not clearly outside (UniVS spec 5.0).

    Args:
        logits: [N, ...] mask logits; everything after the first axis is counted together.

    Returns:
        [N] in 0..1: ``#(logit > 1) / max(1, #(logit > -1))``.
    """
    return joint_mask_quality([logits])


def joint_mask_quality(parts: Iterable[Tensor]) -> Tensor:
    """:func:`mask_quality` of masks that come in parts, such as frame by frame; at least one."""
    counts = [((part > 1).flatten(1).sum(1), (part > -1).flatten(1).sum(1)) for part in parts]
    inside, not_outside = (torch.stack(column).sum(0) for column in zip(*counts, strict=True))
    return inside / not_outside.clamp(min=1)
