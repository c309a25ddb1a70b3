"""How sharply a mask is drawn: few undecided pixels, high quality."""

from __future__ import annotations

from torch import Tensor


def mask_quality(logits: Tensor) -> Tensor:
    """Share of clearly inside pixels among those not clearly outside (UniVS spec 5.0).

    Args:
        logits: [N, ...] mask logits; everything after the first axis is counted together.

    Returns:
        [N] in 0..1: ``#(logit > 1) / max(1, #(logit > -1))``.
    """
    flat = logits.flatten(1)
    inside = (flat > 1).sum(dim=1)
    undecided_or_inside = (flat > -1).sum(dim=1)
    return inside / undecided_or_inside.clamp(min=1)
