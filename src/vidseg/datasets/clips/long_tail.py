"""Datasets with many classes or masks: which stills are drawn, and which of their objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt


def repeat_factors(classes: Sequence[Collection[int]], threshold: float) -> npt.NDArray[np.float64]:
    """How often each still is drawn, relative to one without rare classes (LVIS, appendix B).

    A class that a share f of the stills shows has the factor max(1, sqrt(threshold / f)); a still
    that of its rarest class.

    Args:
        classes: of each still.
        threshold: share below which a class counts as rare, for example 0.001.

    >>> repeat_factors([{1}, {1}, {1, 2}, ()], 1.0).round(3).tolist()
    [1.155, 1.155, 2.0, 1.0]
    """
    shown = Counter(name for present in classes for name in set(present))
    factors = {
        name: max(1.0, float(np.sqrt(threshold * len(classes) / count)))
        for name, count in shown.items()
    }
    return np.array([max((factors[c] for c in present), default=1.0) for present in classes])


def choose_by_class(
    classes: Sequence[int | None], most: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """Up to ``most`` objects, class by class in random order, so that rare classes keep a place.

    Args:
        classes: of each object, None for an object without one.

    Returns:
        Positions, class after class; in their own order where all are taken.
    """
    if len(classes) <= most:
        return tuple(range(len(classes)))
    kinds = list(dict.fromkeys(classes))
    order = {kinds[k]: place for place, k in enumerate(rng.permutation(len(kinds)).tolist())}
    places = sorted(range(len(classes)), key=lambda k: order[classes[k]])
    return tuple(places[:most])


def choose_at_random(count: int, most: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Positions of up to ``most`` of ``count`` objects; in their own order where all are taken."""
    if count <= most:
        return tuple(range(count))
    return tuple(rng.choice(count, most, replace=False).tolist())


def reliable_masks(ratings: Sequence[tuple[float, float]], *, many: int = 100) -> tuple[int, ...]:
    """Which masks of an SA-1B still are used: all, or the reliable ones where there are many.

    Args:
        ratings: (stability score, predicted IoU) of each mask.
        many: up to this many masks all are used; of more, those above 0.97 and 0.9.
    """
    if len(ratings) <= many:
        return tuple(range(len(ratings)))
    return tuple(k for k, (stable, iou) in enumerate(ratings) if stable > 0.97 and iou > 0.9)
