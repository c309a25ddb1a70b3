"""AP and AR of video instance segmentation.

Source: Yang et al., "Video Instance Segmentation", ICCV 2019; numbers equal those of the public
evaluation code of YouTube-VIS (COCO's rules with tracks in place of boxes), which OVIS shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..types import MaskArray
from .average_precision import NO_MATCH, Flags, Floats, Integers, match_tracks, precision_at_recalls
from .track_overlaps import TrackOverlaps

IOU_THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)

MAX_TRACKS = (1, 10, 100)
"""Best predictions per video and class that AR counts; AP counts the largest number."""

AREA_RANGES = {
    "all": (0.0, 1e10),
    "small": (0.0, 128.0**2),
    "medium": (128.0**2, 256.0**2),
    "large": (256.0**2, 1e10),
}
"""Mean pixels of a track per frame, both limits included."""

_LOW, _HIGH = np.array(list(AREA_RANGES.values())).T[:, :, None]
_THRESHOLDS: list[float] = IOU_THRESHOLDS.tolist()


@dataclass(frozen=True, eq=False)
class VideoTracks:
    """The tracks of one video, D predicted and G true ones.

    Attributes:
        ious: [D, G] over all frames; only pairs of one class are looked at.
        classes: [D].
        scores: [D], any finite numbers.
        areas: [D] mean pixels per frame.
        true_classes, true_areas: [G].
        crowds: [G] true tracks that may hold several objects and do not count.
    """

    ious: Floats
    classes: Integers
    scores: Floats
    areas: Floats
    true_classes: Integers
    true_areas: Floats
    crowds: Flags


@dataclass(frozen=True, eq=False)
class TrackAPScores:
    """All in 0..1, NaN where no true track counts.

    Attributes:
        ap: area of :data:`AREA_RANGES` → AP over thresholds, recalls and classes.
        ar: "1", "10", "100" → recall with at most 1, 10, 100 predictions; "small" … with the most.
        thresholds: [T] AP at each of :data:`IOU_THRESHOLDS`.
        classes: class → [T] AP at each threshold, only classes with a true track that counts.
        class_recalls: class → recall with the most predictions, mean over the thresholds.
    """

    ap: Mapping[str, float]
    ar: Mapping[str, float]
    thresholds: Floats
    classes: Mapping[int, Floats]
    class_recalls: Mapping[int, float]


@dataclass(eq=False)
class _ClassHits:
    """Predictions of one class; A area ranges, T thresholds."""

    scores: list[Floats] = field(default_factory=list)
    hits: list[Flags] = field(default_factory=list)  # [A, T, D] by falling score in each video
    alarms: list[Flags] = field(default_factory=list)
    truths: Integers = field(default_factory=lambda: np.zeros(len(AREA_RANGES), np.int64))


class TrackAP:
    """Gathers AP and AR video by video; keeps some 80 bytes per prediction.

    Feed the frames of a video to :meth:`update` and then say by :meth:`end_video` what the tracks
    are; or hand over the finished tables of a video with :meth:`add_video`. Predictions of equal
    score stay in the order of the videos, and merged sums count as later videos.
    """

    def __init__(self) -> None:
        self._classes: dict[int, _ClassHits] = {}
        self._video = TrackOverlaps()

    def update(self, predicted: Mapping[int, MaskArray], truth: Mapping[int, MaskArray]) -> None:
        """Adds the next frame of the video: track id → [H, W] bool mask."""
        self._video.update(predicted, truth)

    def end_video(
        self,
        predicted: Mapping[int, tuple[int, float]],
        truth: Mapping[int, int],
        crowds: frozenset[int] = frozenset(),
    ) -> None:
        """Says what the tracks of the frames since the last video are.

        Args:
            predicted: track id → (class, score).
            truth: track id → class.
            crowds: ids of true tracks that may hold several objects.
        """
        predicted_ids, true_ids = list(predicted), list(truth)
        areas, true_areas = self._video.mean_areas(predicted_ids, true_ids)
        tables = VideoTracks(
            ious=self._video.ious(predicted_ids, true_ids),
            classes=np.array([row[0] for row in predicted.values()], np.int64),
            scores=np.array([row[1] for row in predicted.values()], np.float64),
            areas=areas,
            true_classes=np.array(list(truth.values()), np.int64),
            true_areas=true_areas,
            crowds=np.array([id in crowds for id in true_ids], bool),
        )
        self._video = TrackOverlaps()
        self.add_video(tables)

    def add_video(self, tracks: VideoTracks) -> None:
        """Adds the tables of a whole video."""
        ignored = tracks.crowds | (tracks.true_areas < _LOW) | (tracks.true_areas > _HIGH)
        inside = (tracks.areas >= _LOW) & (tracks.areas <= _HIGH)
        for label in sorted({*tracks.classes.tolist(), *tracks.true_classes.tolist()}):
            rows = np.flatnonzero(tracks.classes == label)
            rows = rows[np.argsort(-tracks.scores[rows], kind="stable")[: MAX_TRACKS[-1]]]
            columns = np.flatnonzero(tracks.true_classes == label)
            gathered = self._classes.setdefault(label, _ClassHits())
            hits = np.zeros((len(AREA_RANGES), len(IOU_THRESHOLDS), len(rows)), bool)
            alarms = np.repeat(inside[:, None, rows], len(IOU_THRESHOLDS), axis=1)
            if len(columns):
                unwanted = ignored[:, columns]
                gathered.truths += np.count_nonzero(~unwanted, axis=1)
                ious = tracks.ious[rows[:, None], columns]
                _match(ious, unwanted, tracks.crowds[columns], hits, alarms)
            gathered.scores.append(tracks.scores[rows])
            gathered.hits.append(hits)
            gathered.alarms.append(alarms)

    def merge(self, other: TrackAP) -> None:
        """Adds what ``other`` gathered from later videos."""
        for label, theirs in other._classes.items():
            ours = self._classes.setdefault(label, _ClassHits())
            ours.scores += theirs.scores
            ours.hits += theirs.hits
            ours.alarms += theirs.alarms
            ours.truths += theirs.truths

    def compute(self) -> TrackAPScores:
        """The scores of all whole videos so far."""
        precisions: list[list[Floats]] = [[] for _ in AREA_RANGES]
        recalls: dict[str, list[Floats]] = {key: [] for key in _recall_keys()}
        classes, class_recalls = {}, {}
        for label, gathered in sorted(self._classes.items()):
            if not gathered.scores:
                continue
            whole = _precision_and_recall(gathered)
            for area, values in enumerate(whole.precisions):
                if values is not None:
                    precisions[area].append(values)
            for key, reached in whole.recalls.items():
                recalls[key].append(reached)
            if whole.precisions[0] is not None:
                classes[label] = whole.precisions[0].mean(axis=1)
                class_recalls[label] = float(whole.recalls[str(MAX_TRACKS[-1])].mean())
        levels = np.full(len(IOU_THRESHOLDS), math.nan)
        return TrackAPScores(
            ap={area: _mean(values) for area, values in zip(AREA_RANGES, precisions, strict=True)},
            ar={key: _mean(values) for key, values in recalls.items()},
            thresholds=np.mean(list(classes.values()), axis=0) if classes else levels,
            classes=classes,
            class_recalls=class_recalls,
        )


def _recall_keys() -> list[str]:
    return [*map(str, MAX_TRACKS), *list(AREA_RANGES)[1:]]


def _mean(values: list[Floats]) -> float:
    return float(np.mean(np.stack(values))) if values else math.nan


def _match(ious: Floats, ignored: Flags, crowds: Flags, hits: Flags, alarms: Flags) -> None:
    """Matches the tracks of one class, once for all area ranges that ignore the same ones.

    Args:
        ious: [D, G], ``ignored`` [A, G], ``crowds`` [G].
        hits, alarms: [A, T, D], changed in place.
    """
    if ious.max(initial=0) < IOU_THRESHOLDS[0]:
        return
    matched: dict[bytes, Integers] = {}
    for area, unwanted in enumerate(ignored):
        later = unwanted & (not unwanted.all())  # the order matters only among unequals
        key = later.tobytes()
        if key not in matched:
            matched[key] = match_tracks(ious, later, crowds, _THRESHOLDS)
        found = matched[key]
        hits[area] = (found != NO_MATCH) & ~unwanted[found]
        alarms[area] &= found == NO_MATCH


@dataclass(frozen=True, eq=False)
class _ClassCurves:
    """Of one class: [T, 101] precisions per area, None without a truth; [T] recalls."""

    precisions: list[Floats | None]
    recalls: dict[str, Floats]


def _precision_and_recall(gathered: _ClassHits) -> _ClassCurves:
    scores = np.concatenate(gathered.scores)
    ranks = np.concatenate([np.arange(len(part)) for part in gathered.scores])
    order = np.argsort(-scores, kind="stable")
    hits = np.concatenate(gathered.hits, axis=2)
    alarms = np.concatenate(gathered.alarms, axis=2)
    precisions: list[Floats | None] = []
    recalls: dict[str, Floats] = {}
    for number, (area, truths) in enumerate(zip(AREA_RANGES, gathered.truths, strict=True)):
        if truths == 0:
            precisions.append(None)
            continue
        precisions.append(
            precision_at_recalls(hits[number][:, order], alarms[number][:, order], int(truths))
        )
        limits = MAX_TRACKS if area == "all" else MAX_TRACKS[-1:]
        for limit in limits:
            reached = np.count_nonzero(hits[number] & (ranks < limit), axis=1) / truths
            recalls[str(limit) if area == "all" else area] = reached
    return _ClassCurves(precisions, recalls)
