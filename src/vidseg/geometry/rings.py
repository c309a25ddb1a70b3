"""Vertices of polygons out of files, checked before anything fills them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""[N, 2] vertices (x, y) in pixels; the last is joined to the first."""

_AWAY = 10  # longer sides of the picture that a vertex may lie outside of it
_AWAY_LEAST = 1_000  # pixels
_LONGEST = 4_000_000  # pixels of an outline: pycocotools takes 60 bytes for each


def ring_points(ring: Any, size: tuple[int, int]) -> Points:
    """The vertices of one polygon; they may lie outside the picture, but not far away.

    Args:
        ring: [x, y, x, y, ...] or [[x, y], ...].
        size: (height, width) of the picture.

    Raises ValueError, in words that follow the place: fewer than three points, values that are
    no finite numbers, coordinates or an outline beyond anything that the picture could need.

    >>> ring_points([0, 0, 2, 0, 2, 1], (1, 2)).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]
    """
    try:
        values = np.asarray(ring)
    except ValueError:  # rows of several lengths
        values = np.zeros(0, dtype=object)
    if values.dtype.kind not in "iuf" or values.ndim not in (1, 2):
        raise ValueError("a polygon needs numbers x, y")
    if values.ndim == 1 and len(values) % 2 == 0:
        values = values.reshape(-1, 2)
    if values.ndim != 2 or values.shape[1] != 2 or len(values) < 3:
        raise ValueError("a polygon needs at least three points x, y")
    points = values.astype(np.float64)
    if not np.isfinite(points).all():
        raise ValueError("a polygon has a point that is not finite")
    away = max(_AWAY_LEAST, _AWAY * max(size))
    low, high = points.min(), points.max()
    if low < -away or high > away + max(size):
        far = low if low < -away else high
        raise ValueError(
            f"a polygon has the coordinate {far:g}, far outside of its picture of "
            f"{size[0]} × {size[1]} (height × width)"
        )
    steps = np.abs(np.diff(points, axis=0, append=points[:1])).max(axis=1).sum()
    if steps > _LONGEST:
        raise ValueError(f"a polygon has an outline of {steps:.0f} pixels, too many to draw")
    return points
