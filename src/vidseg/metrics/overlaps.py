"""Areas that the labels of two maps share: the table under most measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LabelMap = npt.NDArray[np.integer[Any]]
"""[H, W] (or any other shape) labels, ids or class indices."""

Counts = npt.NDArray[np.int64]


def joint_areas(first: LabelMap, second: LabelMap) -> tuple[Counts, Counts, Counts]:
    """How many elements bear each pair of labels.

    Maps are constant over long stretches, so runs of equal pairs are cut first and only the runs
    are sorted.

    Args:
        first, second: of one shape.

    Returns:
        (labels of ``first`` [N], labels of ``second`` [N], areas [N]), ascending, areas > 0.

    Raises ValueError where the shapes differ.

    >>> [a.tolist() for a in joint_areas(np.array([1, 1, 2]), np.array([0, 5, 5]))]
    [[1, 1, 2], [0, 5, 5], [1, 1, 1]]
    """
    if first.shape != second.shape:
        raise ValueError(f"Two label maps must have one shape; got {first.shape}, {second.shape}.")
    a = first.ravel().astype(np.int64)
    b = second.ravel().astype(np.int64)
    if a.size == 0:
        empty = np.zeros(0, np.int64)
        return empty, empty.copy(), empty.copy()
    changes = np.flatnonzero((a[1:] != a[:-1]) | (b[1:] != b[:-1])) + 1
    starts = np.concatenate([[0], changes])
    lengths = np.diff(np.concatenate([starts, [a.size]]))
    pairs, runs = np.unique(np.stack([a[starts], b[starts]], axis=1), axis=0, return_inverse=True)
    areas = np.bincount(runs.ravel(), weights=lengths, minlength=len(pairs))
    return pairs[:, 0], pairs[:, 1], areas.astype(np.int64)
