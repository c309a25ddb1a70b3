"""Areas that the labels of two maps share: the table under most measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LabelMap = npt.NDArray[np.integer[Any]]
"""[H, W] (or any other shape) labels, ids or class indices."""

Counts = npt.NDArray[np.int64]

_SMALL = 4096
"""Below it a table of all values costs less than sorting those that occur."""


def joint_areas(
    first: LabelMap, second: LabelMap, areas: Counts | None = None
) -> tuple[Counts, Counts, Counts]:
    """How many pixels bear each pair of labels.

    Maps are constant over long stretches, so runs of equal pairs are cut first and only the runs
    are sorted.

    Args:
        first, second: of one shape.
        areas: pixels that each element stands for, of the same shape; 1 if not given. With it a
            table that this function made can be relabelled and summed up again.

    Returns:
        (labels of ``first`` [N], labels of ``second`` [N], areas [N]), ascending, areas > 0.

    Raises ValueError where the shapes differ.

    >>> [a.tolist() for a in joint_areas(np.array([1, 1, 2]), np.array([0, 5, 5]))]
    [[1, 1, 2], [0, 5, 5], [1, 1, 1]]
    """
    if first.shape != second.shape or (areas is not None and areas.shape != first.shape):
        shapes = ", ".join(str(map.shape) for map in (first, second, areas) if map is not None)
        raise ValueError(f"Two label maps and their areas must have one shape; got {shapes}.")
    a, b = first.ravel(), second.ravel()
    if a.size == 0:
        empty = np.zeros(0, np.int64)
        return empty, empty.copy(), empty.copy()
    starts = _starts(a, b)
    if areas is None:
        lengths = np.diff(starts, append=a.size)
    else:
        lengths = np.add.reduceat(areas.ravel(), starts)
    labels, rows = _ranked(a[starts])
    others, columns = _ranked(b[starts])
    table = np.bincount(rows * len(others) + columns, lengths, len(labels) * len(others))
    found = np.flatnonzero(table)
    row, column = np.divmod(found, len(others))
    return labels[row], others[column], table[found].astype(np.int64)


def _starts(a: LabelMap, b: LabelMap) -> Counts:
    """Where the runs of equal pairs begin."""
    changes = np.zeros(a.size + -a.size % 8, bool)
    inner = changes[1 : a.size]
    np.not_equal(a[1:], a[:-1], out=inner)
    inner |= b[1:] != b[:-1]
    changes[0] = True
    # Most eights of pixels have no change in them; leaving these out first is twice as fast.
    eights = changes.view(np.uint64)
    some = np.flatnonzero(eights != 0)
    found = np.flatnonzero(eights[some].view(np.bool_))
    starts: Counts = (some << 3)[found >> 3] + (found & 7)
    return starts


def _ranked(values: LabelMap) -> tuple[Counts, Counts]:
    """The different values, ascending, and the place of each value among them."""
    if values.min() >= 0 and values.max() < _SMALL:
        places = values.astype(np.int64)  # as numpy would make them twice
        there = np.bincount(places) > 0
        return np.flatnonzero(there), np.take(np.cumsum(there) - 1, places)
    # Sorting and looking up is ten times faster than the inverse that np.unique offers.
    different = np.unique(values)
    return different.astype(np.int64), np.searchsorted(different, values).astype(np.int64)
