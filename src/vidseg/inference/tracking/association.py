"""Likeness of objects and detections, and one-to-one assignment (UniVS section 4.2)."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
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


def bisoftmax_affinity(memory: Tensor, detections: Tensor) -> Tensor:
    """Mutual preference of known objects and detections.

    For every slot and frame, dot products go through a softmax over the detections and another
    over the objects; both are averaged, then all slots and frames.

    Args:
        memory: [N, S, C] embedding slots of N objects.
        detections: [Q, T, C] embeddings of Q detections.

    Returns:
        [N, Q] in 0..1.
    """
    dots = torch.einsum("nsc,qtc->nqst", memory, detections)
    return (dots.softmax(dim=0) + dots.softmax(dim=1)).mean(dim=(2, 3)) / 2


def cosine_affinity(memory: Tensor, detections: Tensor) -> Tensor:
    """Time-weighted cosine, as for association by similarity (MinVIS; UniVS Table 4b).

    Args as :func:`bisoftmax_affinity`; returns [N, Q] in -1..1.
    """
    slots, frames = F.normalize(memory, dim=-1), F.normalize(detections, dim=-1)
    cosine = torch.einsum("nsc,qtc->nqs", slots, frames) / frames.shape[1]
    return (cosine * time_weights(used_slots(memory))[:, None]).sum(dim=2)


def assign(affinity: Tensor, threshold: float) -> list[tuple[int, int]]:
    """Pairs (object, detection) of the best one-to-one assignment whose affinity is above.

    Affinities below ``threshold`` count as 0, so that a hopeless pair cannot bend the others.
    """
    cut = torch.where(affinity < threshold, torch.zeros_like(affinity), affinity)
    objects, detections = linear_sum_assignment(1 - cut.double().cpu().numpy())
    chosen = cut.cpu()[objects, detections] > threshold
    return [
        (int(n), int(q))
        for n, q, good in zip(objects, detections, chosen.tolist(), strict=True)
        if good
    ]


def assign_by_kind(
    affinity: Tensor, threshold: float, known_things: Tensor, found_things: Tensor
) -> list[tuple[int, int]]:
    """As :func:`assign`, with things matched among themselves and stuff among itself.

    ``known_things`` [N] and ``found_things`` [Q] bool say which objects and detections are things.
    """
    pairs: list[tuple[int, int]] = []
    for thing in (True, False):
        objects = (known_things == thing).nonzero()[:, 0].tolist()
        detections = (found_things == thing).nonzero()[:, 0].tolist()
        some = assign(affinity[objects][:, detections], threshold)
        pairs += [(objects[n], detections[q]) for n, q in some]
    return sorted(pairs)
