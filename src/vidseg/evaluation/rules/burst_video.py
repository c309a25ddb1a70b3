"""One video of BURST: its masks compared, and what HOTA and track mAP take of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...errors import DataError
from ...geometry.run_lengths import RunLengthError, Runs, read_runs
from ...metrics.hota import HOTA
from ...metrics.track_map import TrackMAP
from ...metrics.track_overlaps import Floats, Integers, equal_pairs, overlap_ratios, shared_pixels
from ...types import IdMap
from .burst_files import BurstVideo, FrameMask

_EPS = float(np.finfo(np.float64).eps)
_SURE = 0.5  # IoU from which an object is found, for the purpose of excuses


@dataclass(frozen=True, eq=False)
class _Side:
    """The masks of one side, frame by frame."""

    masks: Sequence[FrameMask]
    runs: Runs
    frames: Integers

    def of_frame(self, frame: int) -> Sequence[FrameMask]:
        low, high = np.searchsorted(self.frames, [frame, frame + 1])
        return self.masks[low:high]


@dataclass(frozen=True, eq=False)
class ComparedMasks:
    """The masks of one video.

    Attributes:
        truth, predicted: N and M masks, frame by frame.
        columns, rows: [P] all pairs of a true and a predicted mask of one frame, in this order.
        shared: [P] pixels of each pair.
        ious: [P] as HOTA sees them, of masks or of the boxes around them.
    """

    truth: _Side
    predicted: _Side
    columns: Integers
    rows: Integers
    shared: Integers
    ious: Floats

    @property
    def classes(self) -> set[int]:
        """Classes of all masks."""
        return {mask.category for side in (self.truth, self.predicted) for mask in side.masks}


def compare_masks(
    video: BurstVideo,
    predicted: Sequence[FrameMask],
    files: tuple[Path, Path],
    boxes: bool,
) -> ComparedMasks:
    """Reads the run lengths of both sides.

    Args:
        files: ground truth and prediction, for messages.
        boxes: whether ``ious`` are those of the boxes around the masks.

    Raises DataError, naming the mask, for broken run lengths.
    """
    true, found = _read(video.masks, video, files[0]), _read(predicted, video, files[1])
    rows, columns = equal_pairs(found.frames, true.frames)
    shared = shared_pixels(found.runs, true.runs, rows, columns)
    if boxes:
        ours, theirs = (side.runs.boxes(video.size[0]) for side in (found, true))
        ious = _box_ious(ours[rows], theirs[columns])
    else:
        ious = _ratios(shared, found.runs.areas[rows] + true.runs.areas[columns])
    return ComparedMasks(true, found, columns, rows, shared, ious)


def _box_ious(boxes: Integers, others: Integers) -> Floats:
    """[P] IoU of xyxy boxes [P, 4], pair by pair."""
    low, high = np.maximum(boxes[:, :2], others[:, :2]), np.minimum(boxes[:, 2:], others[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    areas = sum((each[:, 2:] - each[:, :2]).prod(axis=1) for each in (boxes, others))
    return _ratios(shared, areas)


def _ratios(shared: Integers, areas: Integers) -> Floats:
    """IoU [P] of shared pixels and the areas of both sides added; 0 of nothing."""
    union = areas - shared
    ratios: Floats = np.divide(shared, union, out=np.zeros(len(shared)), where=union > 0)
    return ratios


def _read(masks: Sequence[FrameMask], video: BurstVideo, file: Path) -> _Side:
    height, width = video.size
    ordered = sorted(masks, key=lambda mask: mask.frame)
    try:
        runs = read_runs([mask.counts for mask in ordered], height * width)
    except RunLengthError as error:
        mask = ordered[error.index]
        raise DataError(
            f"{file}: sequence {video.name}, {video.frames[mask.frame]}, track {mask.track}: the "
            f"mask {error}; run lengths of {height} x {width} pixels are wanted."
        ) from error
    return _Side(ordered, runs, np.array([mask.frame for mask in ordered], np.int64))


def class_hota(pairs: ComparedMasks, category: int, video: BurstVideo, excuses: bool) -> HOTA:
    """HOTA of one class over the frames where anything at all is labelled.

    Args:
        excuses: whether unmatched predictions are taken away where the class is neither labelled
            nor known to be absent, or not labelled exhaustively.
    """
    hota = HOTA()
    done = 0
    for frame in np.unique(pairs.truth.frames).tolist():
        truth, predicted = pairs.truth.of_frame(frame), pairs.predicted.of_frame(frame)
        ious = pairs.ious[done : done + len(truth) * len(predicted)].reshape(
            len(truth), len(predicted)
        )
        done += ious.size
        g = [row for row, mask in enumerate(truth) if mask.category == category]
        p = [column for column, mask in enumerate(predicted) if mask.category == category]
        chosen = ious[g][:, p]
        if excuses and p and (category in video.partial or not (g or category in video.negative)):
            kept = _matched(chosen)
            chosen, p = chosen[:, kept], [p[column] for column in kept]
        hota.update(
            chosen, [truth[row].track for row in g], [predicted[column].track for column in p]
        )
    hota.end_video()
    return hota


def _matched(ious: Floats) -> list[int]:
    """Columns of predictions that find an object."""
    if ious.size == 0:
        return []
    sure = np.where(ious < _SURE - _EPS, 0.0, ious)
    rows, columns = linear_sum_assignment(-sure)
    return sorted(columns[sure[rows, columns] > _EPS].tolist())


def class_track_map(pairs: ComparedMasks, category: int, video: BurstVideo) -> TrackMAP:
    """Track mAP of one class over all annotated frames.

    Predicted tracks count where the class is in the video or known to be absent. A track has the
    class of its first mask and the mean score of its masks.
    """
    true, predicted = _tracks(pairs.truth.masks), _tracks(pairs.predicted.masks)
    true_ids = [id for id, masks in true.items() if masks[0].category == category]
    predicted_ids = [id for id, masks in predicted.items() if masks[0].category == category]
    if not true_ids and category not in video.negative:
        predicted_ids = []
    track_map = TrackMAP()
    if not true_ids and not predicted_ids:
        return track_map
    areas, true_areas = (
        np.array([found[id] for id in ids], np.int64)
        for found, ids in (
            (_areas(pairs.predicted), predicted_ids),
            (_areas(pairs.truth), true_ids),
        )
    )
    shared = np.zeros((len(predicted_ids), len(true_ids)), np.int64)
    row_of, column_of = ({id: at for at, id in enumerate(ids)} for ids in (predicted_ids, true_ids))
    for row, column, pixels in zip(
        pairs.rows.tolist(), pairs.columns.tolist(), pairs.shared.tolist(), strict=True
    ):
        p, g = pairs.predicted.masks[row].track, pairs.truth.masks[column].track
        if pixels and p in row_of and g in column_of:
            shared[row_of[p], column_of[g]] += pixels
    scores = np.array(
        [np.mean([mask.score for mask in predicted[id]]) for id in predicted_ids], np.float64
    )
    exhaustive = category not in video.partial
    track_map.update(overlap_ratios(shared, areas, true_areas), scores, exhaustive)
    return track_map


def _tracks(masks: Sequence[FrameMask]) -> dict[int, list[FrameMask]]:
    found: dict[int, list[FrameMask]] = {}
    for mask in masks:
        found.setdefault(mask.track, []).append(mask)
    return found


def _areas(side: _Side) -> dict[int, int]:
    """Pixels of each track over all frames."""
    found: dict[int, int] = {}
    for mask, area in zip(side.masks, side.runs.areas.tolist(), strict=True):
        found[mask.track] = found.get(mask.track, 0) + area
    return found


def paint(masks: Sequence[FrameMask], video: BurstVideo, file: Path) -> IdMap:
    """[H, W] track ids of masks of one frame; later masks lie on top."""
    height, width = video.size
    flat = np.zeros(height * width, np.int32)
    side = _read(masks, video, file)
    for index, mask in enumerate(side.masks):
        for start, end in side.runs.of_mask(index):
            flat[start:end] = mask.track
    return flat.reshape(width, height).T
