"""Pixels that tracks share over a video, from masks frame by frame or from run lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..geometry.run_lengths import Runs
from ..types import MaskArray

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_TUBE = 2**32 - 1  # pixels that COCO's run lengths can count


def overlap_ratios(shared: Integers, areas: Integers, other_areas: Integers) -> Floats:
    """IoU [A, B] from shared pixels [A, B] and areas [A] and [B]; 0 where the union is empty.

    >>> overlap_ratios(np.array([[2], [0]]), np.array([4, 0]), np.array([2])).tolist()
    [[0.5], [0.0]]
    """
    union = areas[:, None] + other_areas[None, :] - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)


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
        for p, said in predicted.items():
            for g, right in truth.items():
                self._shared[p, g] += int(np.count_nonzero(said & right))

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
        tracks: [N] the number of the track of each mask, 0..count-1, ascending.
        frames: [N] its frame, 0..length-1, ascending within a track, none twice.
        count: tracks, those without a mask included.
        length: frames of the video.
    """

    runs: Runs
    tracks: Integers
    frames: Integers
    count: int
    length: int

    def areas(self) -> Integers:
        """[count] pixels over all frames."""
        sums = np.bincount(self.tracks, weights=self.runs.areas, minlength=self.count)
        return sums.astype(np.int64)

    def mean_areas(self) -> Floats:
        """[count] mean pixels over the frames where a track has any; 0 where it never has."""
        seen = np.bincount(self.tracks[self.runs.areas > 0], minlength=self.count)
        means: Floats = self.areas() / np.maximum(1, seen)
        return means

    def span(self, start: int, stop: int) -> TrackRuns:
        """The frames from ``start`` to before ``stop``."""
        if start <= 0 and stop >= self.length:
            return self
        kept = (self.frames >= start) & (self.frames < stop)
        per_mask = np.diff(self.runs.first)
        moved = np.repeat((np.cumsum(kept) - 1 - np.arange(len(kept))) * self.runs.pixels, per_mask)
        chosen = np.repeat(kept, per_mask)
        runs = Runs(
            (self.runs.starts + moved)[chosen],
            (self.runs.ends + moved)[chosen],
            np.concatenate([[0], np.cumsum(per_mask[kept])]),
            self.runs.areas[kept],
            self.runs.pixels,
        )
        return TrackRuns(
            runs, self.tracks[kept], self.frames[kept] - start, self.count, stop - start
        )


def shared_pixels(
    predicted: TrackRuns, truth: TrackRuns, groups: Iterable[tuple[Integers, Integers]]
) -> Iterator[Integers]:
    """Exact pixels that tracks share over the video, for groups of tracks to be compared.

    The frames of a track are joined to one long mask, so that one step of compiled code compares
    two whole tracks.

    Args:
        groups: numbers of predicted tracks [A] and of true tracks [B].

    Yields:
        [A, B] for each group.
    """
    wanted = list(groups)
    sums = [np.zeros((len(rows), len(columns)), np.int64) for rows, columns in wanted]
    step = max(1, _TUBE // predicted.runs.pixels)
    for start in range(0, predicted.length, step):
        stop = min(start + step, predicted.length)
        first, second = (side.span(start, stop) for side in (predicted, truth))
        areas, tubes, others = first.areas(), _tubes(first), _tubes(second)
        for total, (rows, columns) in zip(sums, wanted, strict=True):
            total += _shared(
                [tubes[row] for row in rows], [others[column] for column in columns], areas[rows]
            )
    yield from sums


def _shared(tubes: list[Any], others: list[Any], areas: Integers) -> Integers:
    from pycocotools import mask as coco

    if not tubes or not others:
        return np.zeros((len(tubes), len(others)), np.int64)
    # Against a crowd COCO divides by the area of the first mask alone, which can be undone exactly.
    shares = np.asarray(coco.iou(tubes, others, [1] * len(others)))
    return np.rint(shares * areas[:, None]).astype(np.int64)


def _tubes(side: TrackRuns) -> list[Any]:
    """One mask per track, all its frames side by side, as COCO's compressed run lengths."""
    from pycocotools import mask as coco

    if side.count == 0:
        return []
    runs, tube = side.runs, side.length * side.runs.pixels
    slots = side.tracks * side.length + side.frames
    moved = np.repeat((slots - np.arange(len(slots))) * runs.pixels, np.diff(runs.first))
    starts, ends = _joined(runs.starts + moved, runs.ends + moved, tube)
    borders = np.arange(side.count + 1) * tube
    first = np.searchsorted(starts, borders)
    before = np.empty_like(starts)
    before[1:] = ends[:-1]
    filled = first[:-1] < first[1:]
    before[first[:-1][filled]] = borders[:-1][filled]
    # Each track takes a pair of lengths for a run and one for the background behind the last run.
    lengths = np.zeros(2 * len(starts) + side.count, np.uint32)
    place = 2 * np.arange(len(starts)) + np.repeat(np.arange(side.count), np.diff(first))
    lengths[place] = starts - before
    lengths[place + 1] = ends - starts
    tails = 2 * first[1:] + np.arange(side.count)
    last = borders[:-1].copy()
    last[filled] = ends[first[1:][filled] - 1]
    lengths[tails] = borders[1:] - last
    size = [side.runs.pixels, side.length]
    pieces = np.split(lengths, tails[:-1] + 1)
    packed: list[Any] = coco.frPyObjects(
        [{"size": size, "counts": piece} for piece in pieces], *size
    )
    return packed


def _joined(starts: Integers, ends: Integers, tube: int) -> tuple[Integers, Integers]:
    """Runs that touch within a track become one: COCO's comparison stops at an empty gap."""
    if len(starts) == 0:
        return starts, ends
    touching = (starts[1:] == ends[:-1]) & (starts[1:] % tube != 0)
    if not touching.any():
        return starts, ends
    apart = ~touching
    return starts[np.append(True, apart)], ends[np.append(apart, True)]
