"""One video in the layout of YouTube-VIS: its tracks compared, and its frames to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ...errors import DataError
from ...geometry.run_lengths import RunLengthError, read_runs
from ...metrics.track_overlaps import TrackRuns, overlap_ratios, shared_by_tracks
from ...metrics.vis import VideoTracks
from ...types import IdMap
from .ytvis_files import TrackRow, Video


def compare_tracks(
    predicted_rows: Sequence[TrackRow], true_rows: Sequence[TrackRow], video: Video
) -> VideoTracks:
    """The tables of one video; DataError, naming the mask, for broken run lengths."""
    predicted, truth = _track_runs(video, predicted_rows, true_rows)
    classes = np.array([row.category for row in predicted_rows], np.int64)
    true_classes = np.array([row.category for row in true_rows], np.int64)
    shared = shared_by_tracks(predicted, truth, classes[:, None] == true_classes)
    return VideoTracks(
        ious=overlap_ratios(shared, predicted.areas(), truth.areas()),
        classes=classes,
        scores=np.array([row.score for row in predicted_rows], np.float64),
        areas=predicted.mean_areas(),
        true_classes=true_classes,
        true_areas=np.array([row.area for row in true_rows], np.float64),
        crowds=np.array([row.crowd for row in true_rows], bool),
    )


def _track_runs(video: Video, *sides: Sequence[TrackRow]) -> list[TrackRuns]:
    """The masks of each side, all read in one go."""
    rows = list(chain.from_iterable(sides))
    masks = list(chain.from_iterable(row.masks for row in rows))
    frames = np.fromiter(chain.from_iterable(row.frames for row in rows), np.int64, len(masks))
    tracks = np.repeat(np.arange(len(rows)), [len(row.masks) for row in rows])
    height, width = video.size
    try:
        runs = read_runs(masks, height * width)
    except RunLengthError as error:
        raise DataError(
            f"{rows[tracks[error.index]].place}, frame {frames[error.index]}: the mask {error}; "
            f"run lengths of {height} x {width} pixels are wanted."
        ) from error
    found, before = [], 0
    for side in sides:
        low, high = np.searchsorted(tracks, (before, before + len(side))).tolist()
        part = tracks[low:high] - before
        found.append(TrackRuns(runs.part(low, high), part, frames[low:high], len(side)))
        before += len(side)
    return found


def paint(rows: Sequence[TrackRow], frame: int, video: Video) -> IdMap:
    """[H, W] number of the row, from 1 on; later rows lie on top."""
    height, width = video.size
    single = [
        replace(row, masks=[row.masks[at] for at in places], frames=[frame] * len(places))
        for row in rows
        for places in [[at for at, seen in enumerate(row.frames) if seen == frame]]
    ]
    (side,) = _track_runs(video, single)
    flat = np.zeros(height * width, np.int32)
    for mask, track in enumerate(side.tracks):
        for start, end in side.runs.of_mask(mask):
            flat[start:end] = track + 1
    return flat.reshape(width, height).T
