"""Contours of the objects of a label map, and how many of their pixels have a close counterpart.

A contour pixel differs from its right, lower or lower right neighbour; the rim of the picture is no
contour. "Close" means inside a disk around the pixel, so the counts equal those of dilating one
contour by the disk and intersecting it with the other.

Pictures are large and contours thin. Each map is therefore read once, for the pixels whose
neighbourhood is not constant; areas and contours of all objects follow from these. Dilation works
on 64 pixels at a time and only where both contours are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

LabelMap8 = npt.NDArray[np.uint8]
"""[H, W] object ids 0..255, 0 = background."""

Positions = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_WORD = 64
_STORED = np.dtype("<u8")  # so that bit k of a word is pixel k on every machine


@dataclass(frozen=True)
class Disk:
    """Pixels that count as close to the one at (0, 0).

    Attributes:
        rows: (dy, first dx, last dx), from the shortest row to the longest; each contains the
            ones before it.
    """

    rows: tuple[tuple[int, int, int], ...]

    @cached_property
    def reach(self) -> int:
        """Largest distance in rows or columns."""
        return max(abs(step) for row in self.rows for step in row)


@lru_cache(maxsize=256)
def disk(radius: float) -> Disk:
    """Pixels no further than ``radius`` ≥ 0.

    A fractional radius gives the disk of scikit-image, which the official programs use: the grid
    starts at ``-radius``, so that no pixel lies on its centre.
    """
    if not radius >= 0:
        raise ValueError(f"The radius of a disk is 0 or more, not {radius}.")
    grid = np.arange(-radius, radius + 1)
    centre = len(grid) // 2
    inside = grid[:, None] ** 2 + grid**2 <= radius**2
    rows = []
    for y in np.flatnonzero(inside.any(axis=1)):
        columns = np.flatnonzero(inside[y])
        rows.append((int(y) - centre, int(columns[0]) - centre, int(columns[-1]) - centre))
    if not rows:  # below 0.6; OpenCV then uses the first pixel of the grid
        rows.append((-centre, -centre, -centre))
    return Disk(tuple(sorted(rows, key=lambda row: (row[2] - row[1], abs(row[0])))))


@dataclass(frozen=True, eq=False)
class Contour:
    """Contour pixels of one object: rows and columns [N], by rows from the top."""

    y: Positions
    x: Positions

    def __len__(self) -> int:
        return len(self.y)


class _Scratch(threading.local):
    """Room for the bytes of one map, kept because asking the system for it takes longer than use.

    Each thread has its own.
    """

    def __init__(self) -> None:
        self._room = np.empty(0, np.uint8)

    def arrays(self, count: int, length: int) -> list[npt.NDArray[np.uint8]]:
        """``count`` arrays of ``length`` bytes of any content, valid until the next call."""
        if self._room.size < count * length:
            self._room = np.empty(count * length, np.uint8)
        return [self._room[k * length : (k + 1) * length] for k in range(count)]


_scratch = _Scratch()


class Transitions:
    """The pixels of a map whose label differs from a neighbour's.

    Args:
        labels: [H, W] uint8, at least one pixel; must not change while this is in use.
    """

    def __init__(self, labels: LabelMap8) -> None:
        if labels.dtype != np.uint8 or labels.ndim != 2 or labels.size == 0:
            raise ValueError(f"A label map is [H, W] uint8, not {labels.shape} {labels.dtype}.")
        height, width = labels.shape
        self.size = (height, width)
        self._map = labels
        # A copied last row and column make the outer neighbours equal.
        stride = width + 1
        end = height * stride
        flat, *spare = _scratch.arrays(3, end + stride + 1)
        grid = flat[:-1].reshape(height + 1, stride)
        grid[:-1, :-1] = labels
        grid[-1] = grid[-2]
        grid[:, -1] = grid[:, -2]
        flat[-1] = flat[-2]

        here = flat[:end]
        changed, other = (room[:end].view(np.bool_) for room in spare)
        np.not_equal(here, flat[1 : end + 1], out=changed)
        for step in (stride, stride + 1):
            np.not_equal(here, flat[step : end + step], out=other)
            np.logical_or(changed, other, out=changed)
        position = np.flatnonzero(changed)
        around = [flat[position + step] for step in (0, 1, stride, stride + 1)]
        self._run_ends: Positions = position[around[0] != around[1]]
        self._y = position // stride
        self._x = position - self._y * stride
        self._around = np.stack(around)
        self._around[:, self._x == width] = 0

    def at(self, places: Positions) -> LabelMap8:
        """Labels [N] of places that are counted by rows, one more a row than there are pixels."""
        width = self.size[1]
        y = places // (width + 1)
        x = np.minimum(places - y * (width + 1), width - 1)
        return np.asarray(self._map[y, x])

    @property
    def run_ends(self) -> Positions:
        """Places, as for :meth:`at`, of the last pixels of runs of one label, the last excluded."""
        return self._run_ends

    @cached_property
    def labels(self) -> list[int]:
        """The labels of the map but 0, ascending."""
        found = np.bincount(self.at(self._run_ends), minlength=256)
        found[self._map[-1, -1]] = 1
        return [int(label) for label in np.flatnonzero(found[1:]) + 1]

    def contour(self, label: int) -> Contour:
        """The contour of an object; empty where it is absent or fills the map."""
        around = self._around == label
        chosen = np.flatnonzero(around.any(axis=0))
        return Contour(self._y[chosen], self._x[chosen])


def shared_areas(
    first: Transitions, second: Transitions, labels: Sequence[int], others: Sequence[int]
) -> tuple[Positions, Positions, Positions]:
    """Areas of objects of two maps of one size.

    Args:
        labels: N labels of the first map, > 0.
        others: M labels of the second map, > 0.

    Returns:
        (areas [N] in the first map, areas [M] in the second, shared areas [N, M]).

    Raises ValueError where the sizes differ.
    """
    if first.size != second.size:
        raise ValueError(f"Two label maps must have one size; got {first.size}, {second.size}.")
    height, width = first.size
    last = np.array([height * (width + 1) - 1])
    ends = np.sort(np.concatenate([first.run_ends, second.run_ends, last]))
    # The copied column ends every row and is no pixel.
    pixels = (ends + 1) - (ends + 1) // (width + 1)
    areas = np.diff(pixels, prepend=0)
    rows = _places(labels)[first.at(ends)]
    columns = _places(others)[second.at(ends)]
    table = np.bincount(
        rows * (len(others) + 1) + columns,
        weights=areas,
        minlength=(len(labels) + 1) * (len(others) + 1),
    )
    counts = table.reshape(len(labels) + 1, len(others) + 1).astype(np.int64)
    return counts[1:].sum(axis=1), counts[:, 1:].sum(axis=0), counts[1:, 1:]


def _places(labels: Sequence[int]) -> Positions:
    """[256] place of each label, counted from 1; 0 for all others."""
    places = np.zeros(256, np.int64)
    places[list(labels)] = np.arange(1, len(labels) + 1)
    return places


def count_close(first: Contour, second: Contour, near: Disk) -> tuple[int, int]:
    """How many pixels of each contour have one of the other contour within ``near``.

    The disk is laid on the pixel that is asked about: (y + dy, x + dx) is looked at.
    """
    if len(first) == 0 or len(second) == 0:
        return 0, 0
    top = int(min(first.y[0], second.y[0]))
    left = int(min(first.x.min(), second.x.min()))
    height = int(max(first.y[-1], second.y[-1])) - top + 1
    width = int(max(first.x.max(), second.x.max())) - left + 1
    words = (width + near.reach + _WORD - 1) // _WORD  # rows and maps must not reach each other
    plane = (height + near.reach) * words * _WORD
    places = [(c.y - top) * (words * _WORD) + (c.x - left) for c in (first, second)]
    canvas = np.zeros(2 * plane, np.bool_)
    canvas[places[0]] = True
    canvas[places[1] + plane] = True
    packed = np.packbits(canvas, bitorder="little").view(_STORED)
    dilated = dilate(packed.astype(np.uint64, copy=False), words, near)
    spread = np.unpackbits(dilated.astype(_STORED, copy=False).view(np.uint8), bitorder="little")
    close = (spread[places[0] + plane], spread[places[1]])
    return int(np.count_nonzero(close[0])), int(np.count_nonzero(close[1]))


def dilate(packed: Words, words: int, near: Disk) -> Words:
    """Marks every pixel that has a marked one within ``near``.

    Args:
        packed: [rows * words] uint64, bit k of a word = its k-th pixel; the last ``near.reach``
            pixels of each row and as many last rows of each map must be empty.
        words: of one row.
    """
    first = last = near.rows[0][1]
    spread = np.empty_like(packed)  # along rows, over the offsets first..last
    moved, carried = np.empty_like(packed), np.empty_like(packed)
    _shift(packed, first, spread, carried)
    result = np.zeros_like(packed)
    for dy, start, stop in near.rows:
        while last < stop or first > start:
            room = min(last - first + 1, _WORD - 1)
            step = min(stop - last, room) if last < stop else -min(first - start, room)
            _shift(spread, step, moved, carried)
            np.bitwise_or(spread, moved, out=spread)
            first, last = (first, last + step) if step > 0 else (first + step, last)
        skipped = abs(dy) * words
        target = result[skipped:] if dy < 0 else result[: len(result) - skipped]
        source = spread[: len(result) - skipped] if dy < 0 else spread[skipped:]
        np.bitwise_or(target, source, out=target)
    return result


def _shift(packed: Words, step: int, out: Words, carried: Words) -> None:
    """Sets each pixel of ``out`` to the one ``step`` pixels further on; |step| < 64."""
    if step == 0:
        out[:] = packed
        return
    within, across = np.uint64(abs(step)), np.uint64(_WORD - abs(step))
    if step > 0:
        np.right_shift(packed, within, out=out)
        np.left_shift(packed[1:], across, out=carried[1:])
        np.bitwise_or(out[:-1], carried[1:], out=out[:-1])
    else:
        np.left_shift(packed, within, out=out)
        np.right_shift(packed[:-1], across, out=carried[:-1])
        np.bitwise_or(out[1:], carried[:-1], out=out[1:])
