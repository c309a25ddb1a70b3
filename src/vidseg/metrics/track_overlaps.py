"""Pixels that tracks share over a video, from masks frame by frame or from run lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..geometry.run_lengths import Runs
from ..types import MaskArray

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_RUNS_AT_ONCE = 1 << 18  # bounds the working memory to some 20 MB


def overlap_ratios(shared: Integers, areas: Integers, other_areas: Integers) -> Floats:
    """IoU [A, B] from shared pixels [A, B] and areas [A] and [B]; 0 where the union is empty.

    >>> overlap_ratios(np.array([[2], [0]]), np.array([4, 0]), np.array([2])).tolist()
    [[0.5], [0.0]]
    """
    union = areas[:, None] + other_areas[None, :] - shared
    ratios: Floats = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    return ratios


class TrackOverlaps:
    """Gathers what the predicted and true tracks of one video share, frame by frame.

    A frame where a track is absent adds nothing to it; an empty mask is as good as none.
    """

    def __init__(self) -> None:
        self._shared: Counter[tuple[int, int]] = Counter()
        self._areas: tuple[Counter[int], Counter[int]] = Counter(), Counter()
        self._frames: tuple[Counter[int], Counter[int]] = Counter(), Counter()

    def update(self, predicted: Mapping[int, MaskArray], truth: Mapping[int, MaskArray]) -> None:
        """Adds a frame: track id → [H, W] bool mask, for both sides."""
        for side, masks in enumerate((predicted, truth)):
            for id, mask in masks.items():
                area = int(np.count_nonzero(mask))
                self._areas[side][id] += area
                self._frames[side][id] += area > 0
        for p, predicted_mask in predicted.items():
            for g, true_mask in truth.items():
                self._shared[p, g] += int(np.count_nonzero(predicted_mask & true_mask))

    def ious(self, predicted: Sequence[int], truth: Sequence[int]) -> Floats:
        """[D, G] IoU over all frames of the tracks of these ids."""
        shared = np.array([[self._shared[p, g] for g in truth] for p in predicted], np.int64)
        areas = [
            np.array([self._areas[side][id] for id in ids], np.int64)
            for side, ids in enumerate((predicted, truth))
        ]
        return overlap_ratios(shared.reshape(len(predicted), len(truth)), *areas)

    def mean_areas(self, predicted: Sequence[int], truth: Sequence[int]) -> tuple[Floats, Floats]:
        """([D], [G]) mean pixels over the frames where a track has any; 0 where it never has."""
        first, second = (
            np.array([self._areas[side][id] / max(1, self._frames[side][id]) for id in ids])
            for side, ids in enumerate((predicted, truth))
        )
        return first, second


@dataclass(frozen=True, eq=False)
class TrackRuns:
    """The masks of the tracks of one video as run lengths.

    Attributes:
        runs: of N masks.
        tracks: [N] the number of the track of each mask, 0..count-1.
        frames: [N] its frame; no track has two masks of one frame.
        count: tracks, those without a mask included.
    """

    runs: Runs
    tracks: Integers
    frames: Integers
    count: int

    def areas(self) -> Integers:
        """[count] pixels over all frames."""
        sums = np.bincount(self.tracks, weights=self.runs.areas, minlength=self.count)
        return sums.astype(np.int64)

    def mean_areas(self) -> Floats:
        """[count] mean pixels over the frames where a track has any; 0 where it never has."""
        seen = np.bincount(self.tracks[self.runs.areas > 0], minlength=self.count)
        means: Floats = self.areas() / np.maximum(1, seen)
        return means


def equal_pairs(keys: Integers, others: Integers) -> tuple[Integers, Integers]:
    """All (row, column) with ``keys[row] == others[column]``, [P] each, column by column.

    >>> rows, columns = equal_pairs(np.array([7, 5, 7]), np.array([7, 6]))
    >>> rows.tolist(), columns.tolist()
    ([0, 2], [0, 0])
    """
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    low = np.searchsorted(ascending, others, "left")
    amount = np.searchsorted(ascending, others, "right") - low
    return order[_ranges(low, amount)], np.repeat(np.arange(len(others)), amount)


def shared_pixels(runs: Runs, others: Runs, rows: Integers, columns: Integers) -> Integers:
    """[P] pixels that mask ``rows[i]`` of one and mask ``columns[i]`` of the other have in common.

    The foreground of ``others`` up to a pixel is a function that rises by one per foreground pixel;
    a run of the first mask shares as many pixels as the function rises along it.
    """
    shared = np.zeros(len(rows), np.int64)
    if len(rows) == 0 or len(others.starts) == 0:
        return shared
    corners = np.stack([others.starts, others.ends], axis=1).ravel().astype(np.float64)
    before = np.concatenate([[0], np.cumsum(others.ends - others.starts)])
    heights = np.repeat(before, 2)[1:-1].astype(np.float64)
    moved = (columns - rows) * runs.pixels
    first, amount = _near(runs, others, rows, columns)
    for low, high in _portions(amount):
        some = amount[low:high]
        chosen = _ranges(first[low:high], some)
        shift = np.repeat(moved[low:high], some)
        along = np.empty((len(chosen), 2))  # both ends in turn: each look-up starts at the last
        along[:, 0] = runs.starts.take(chosen) + shift
        along[:, 1] = runs.ends.take(chosen) + shift
        reached = np.interp(along.ravel(), corners, heights)
        filled = np.flatnonzero(some)
        begins = (np.cumsum(some) - some)[filled]
        if len(filled):
            shared[low + filled] = np.add.reduceat(reached[1::2] - reached[0::2], begins)
    return shared


def _near(runs: Runs, others: Runs, rows: Integers, columns: Integers) -> tuple[Integers, Integers]:
    """First run and number of runs [P] of a mask that lie between both ends of the other mask."""
    behind = others.first[columns + 1]
    filled = behind > others.first[columns]
    back = (rows - columns) * runs.pixels
    starts = others.starts[np.minimum(others.first[columns], len(others.starts) - 1)] + back
    ends = others.ends[behind - 1] + back
    first = np.maximum(np.searchsorted(runs.ends, starts, "right"), runs.first[rows])
    last = np.minimum(np.searchsorted(runs.starts, ends, "left"), runs.first[rows + 1])
    return first, np.where(filled, np.maximum(last - first, 0), 0)


def shared_by_tracks(predicted: TrackRuns, truth: TrackRuns, same: Flags) -> Integers:
    """[D, G] pixels that tracks share over the video, 0 where ``same`` [D, G] is False."""
    rows, columns = equal_pairs(predicted.frames, truth.frames)
    wanted = same[predicted.tracks[rows], truth.tracks[columns]]
    rows, columns = rows[wanted], columns[wanted]
    shared = shared_pixels(predicted.runs, truth.runs, rows, columns)
    place = predicted.tracks[rows] * truth.count + truth.tracks[columns]
    sums = np.bincount(place, weights=shared, minlength=predicted.count * truth.count)
    return sums.astype(np.int64).reshape(predicted.count, truth.count)


def _ranges(starts: Integers, amount: Integers) -> Integers:
    """The numbers from each start on, as many as its amount, one range after the other."""
    behind = np.cumsum(amount)
    total = int(behind[-1]) if len(behind) else 0
    numbers: Integers = np.arange(total) + np.repeat(starts - behind + amount, amount)
    return numbers


def _portions(amount: Integers) -> Iterator[tuple[int, int]]:
    """Cuts the masks to portions of a bounded number of runs, at least one mask each."""
    behind = np.cumsum(amount)
    low = 0
    while low < len(amount):
        done = int(behind[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(behind, done + _RUNS_AT_ONCE, "right")))
        yield low, high
        low = high
