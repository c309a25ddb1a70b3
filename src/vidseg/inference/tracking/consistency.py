"""Whether an object still looks as its memory says (UniVS §4.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Steepness of the preference for recent slots: the newest weighs e^5 times the imagined slot 0.
_RECENCY = 5.0


def used_slots(slots: Tensor) -> Tensor:
    """[N, S] bool: which of the slots [N, S, C] hold an embedding (empty ones are all zero)."""
    return (slots != 0).any(dim=-1)


def time_weights(used: Tensor) -> Tensor:
    """Weights of memory slots, oldest first: ``exp(5 t / S)`` of the used ones, summing to 1.

    Args:
        used: [N, S] bool or 0/1.

    Returns:
        [N, S] float; all zero for a row without used slots.
    """
    S = used.shape[1]
    t = torch.arange(1, S + 1, device=used.device, dtype=torch.float32)
    weights = torch.exp(_RECENCY * t / S) * used
    return weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-3)


def temporal_consistency(memory: Tensor, current: Tensor) -> Tensor:
    """Time-weighted cosine of each object's memory with its embeddings in the current clip.

    Args:
        memory: [N, S, C] embedding slots, oldest first.
        current: [N, T, C] embeddings of the same N objects.

    Returns:
        [N] in -1..1; compare it with ``InferenceConfig.consistency_threshold``.
    """
    slots, frames = F.normalize(memory, dim=-1), F.normalize(current, dim=-1)
    cosine = torch.einsum("nsc,ntc->nst", slots, frames).mean(dim=-1)
    return (cosine * time_weights(used_slots(memory))).sum(dim=1)
