"""Masks as polygons and back, without loss.

A mask is traced along the edges of its pixels: vertices are whole numbers, pixel (row 0, column 0)
is the square from (0, 0) to (1, 1). Pixels that touch at a corner are of one outline. A polygon,
also one that a person drew, is filled by one rule: a pixel is inside where its centre is, counted
even-odd; a centre on an edge belongs to the side with the larger x. Tracing then filling gives
every mask back bit for bit, also with holes, several parts and parts of one pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from ...geometry.rings import Points as Points
from ...geometry.rings import ring_points
from ...types import MaskArray


@dataclass(frozen=True, eq=False)
class Outline:
    """The rings of one mask.

    Attributes:
        rings: outer rings run clockwise as seen on the screen, holes the other way.
        holes: how many rings are holes.
    """

    rings: tuple[Points, ...] = field(repr=False)
    holes: int

    @property
    def parts(self) -> int:
        """How many separate parts the mask has; parts that touch at a corner are one."""
        return len(self.rings) - self.holes


def trace(mask: MaskArray) -> Outline:
    """The rings along the pixel edges of a [H, W] bool mask; none for an empty one."""
    corners = _corners(mask)
    if len(corners.x) == 0:
        return Outline((), 0)
    rings: list[Points] = []
    holes = 0
    seen = np.zeros(len(corners.x), dtype=bool)
    for start in range(len(corners.x)):
        if seen[start]:
            continue
        path = _follow(start, corners.across, corners.along)
        seen[path] = True
        ring = np.stack([corners.x[path], corners.y[path]], axis=1).astype(np.float64)
        # the first corner is the upper left one: what lies below right of it is inside the ring
        if mask[corners.y[start], corners.x[start]]:
            rings.append(ring)
        else:
            rings.append(ring[::-1])
            holes += 1
    return Outline(tuple(rings), holes)


def fill(rings: Sequence[npt.ArrayLike], size: tuple[int, int]) -> MaskArray:
    """[H, W] bool mask of the pixels whose centre is inside the rings, counted even-odd.

    Args:
        rings: each [N, 2] (x, y) in pixels; may leave the picture, cross itself and each other.
        size: (height, width).

    Raises ValueError as :func:`vidseg.geometry.rings.ring_points`.
    """
    height, width = size
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    for ring in rings:
        rows, columns = _crossings(ring_points(ring, size), height, width)
        np.bitwise_xor.at(toggles, (rows, columns), 1)
    inside = np.bitwise_xor.accumulate(toggles, axis=1)[:, :width]
    return inside.astype(bool)


def joined(rings: Sequence[Points]) -> Points:
    """One polygon of all rings, bridged by lines that are walked both ways and so fill nothing.

    :func:`fill` gives the same pixels as for the rings. Each ring hangs on the nearest vertex of
    those before it.
    """
    polygon = rings[0]
    for ring in rings[1:]:
        distances, nearest = KDTree(polygon).query(ring)
        there = int(np.argmin(distances))
        here = int(np.asarray(nearest)[there])
        turned = np.roll(ring, -there, axis=0)
        way = np.concatenate([polygon[: here + 1], turned, turned[:1], polygon[here : here + 1]])
        polygon = np.concatenate([way, polygon[here + 1 :]])
    return polygon


@dataclass(frozen=True, eq=False)
class _Corners:
    x: npt.NDArray[np.intp]
    y: npt.NDArray[np.intp]
    across: npt.NDArray[np.intp]
    along: npt.NDArray[np.intp]


def _corners(mask: MaskArray) -> _Corners:
    """Where outlines turn, by rows, and which two corners each edge joins.

    A vertex that two pixels share by a corner alone is listed twice: first with the edge to its
    left, then with the edge to its right.
    """
    padded = np.pad(mask, 1)
    above_left, above_right = padded[:-1, :-1], padded[:-1, 1:]
    below_left, below_right = padded[1:, :-1], padded[1:, 1:]
    filled = (
        above_left.astype(np.int8) + above_right + below_left + below_right  # 0..4 around a vertex
    )
    diagonal = (above_left == below_right) & (filled == 2)
    times = ((filled == 1) | (filled == 3)).astype(np.int8) + 2 * diagonal
    rows, columns = np.nonzero(times)
    repeats = times[rows, columns]
    y, x = np.repeat(rows, repeats), np.repeat(columns, repeats)
    count = len(x)
    across = np.arange(count).reshape(-1, 2)[:, ::-1].ravel() if count else np.arange(0)
    # Up comes before down. Where the two filled pixels lie above left and below right, the edge
    # to the left turns down and the one to the right turns up, so that both stay one outline.
    second = np.zeros(count, dtype=np.int8)
    second[1:] = (y[1:] == y[:-1]) & (x[1:] == x[:-1])
    falling = diagonal[y, x] & above_left[y, x]
    order = np.lexsort((second ^ falling, y, x))
    along = np.empty(count, dtype=np.intp)
    along[order] = order.reshape(-1, 2)[:, ::-1].ravel() if count else order
    return _Corners(x, y, across, along)


def _follow(
    start: int, across: npt.NDArray[np.intp], along: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    path = [start]
    here = int(across[start])
    horizontal = False
    while here != start:
        path.append(here)
        here = int((across if horizontal else along)[here])
        horizontal = not horizontal
    return np.array(path)


def _crossings(
    points: Points, height: int, width: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(row, first column right of it) of every place where the ring crosses a row of centres."""
    ends = np.roll(points, -1, axis=0)
    rising = points[:, 1] > ends[:, 1]
    # Both directions of an edge are reckoned from its upper end: they must cancel to the bit.
    upper = np.where(rising[:, None], ends, points)
    lower = np.where(rising[:, None], points, ends)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), 0, height).astype(np.intp)
    last = np.clip(np.ceil(lower[:, 1] - 0.5), 0, height).astype(np.intp)
    repeats = last - first
    edge = np.repeat(np.arange(len(points)), repeats)
    begin = np.repeat(np.cumsum(repeats) - repeats, repeats)
    rows = np.arange(len(edge)) - begin + first[edge]
    slope = np.zeros(len(points))
    tall = repeats > 0
    span = lower - upper
    slope[tall] = span[tall, 0] / span[tall, 1]
    x = upper[edge, 0] + (rows + 0.5 - upper[edge, 1]) * slope[edge]
    columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.intp)
    return rows, columns
