"""YouTube-VIS 2019, 2021 and 2022, and OVIS: AP and AR of tracks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...metrics.vis import IOU_THRESHOLDS, TrackAP, TrackAPScores
from ..benchmark import ComparedFrame, Curve, Only, Report, Row, counted_videos
from ..report_notes import counted
from ..track_files import collector_at_rest, json_file, json_files
from .ytvis_files import TrackRow, Truth, read_predictions, read_truth
from .ytvis_video import compare_tracks, paint

_CODE = "the public evaluation code of YouTube-VIS, which its server runs"
_OFFICIAL = {"official": f"AP and AR of {_CODE}."}
_SHOWN = 0.5  # share of the best score of a video from which a prediction is drawn

_SETS = ("short", "long")
_LONG_VIDEOS = {
    "all": "All videos as one set, as in YouTube-VIS 2021.",
    "long_short": "Long and short videos as two sets and the mean of both APs, as the site of the "
    "benchmark describes its server; wants a ground truth file with 'long' and one with 'short' "
    "in its name.",
    "long": "The long videos alone.",
    "short": "The short videos alone.",
}


@dataclass(frozen=True)
class TrackBenchmark:
    """A benchmark in the layout of YouTube-VIS."""

    name: str
    protocols: Mapping[str, str]

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> TrackEvaluation:
        """Reads both JSON files; a folder may stand for the one JSON file in it."""
        with collector_at_rest():
            return self._open(truth, predicted, protocol, only)

    def _open(self, truth: Path, predicted: Path, protocol: str, only: Only) -> TrackEvaluation:
        if self.protocols is not _LONG_VIDEOS:
            listed = read_truth(json_file(truth, "ground truth"))
            found = read_predictions(json_file(predicted, "prediction"), listed)
            return TrackEvaluation(
                self.name, protocol, listed, found, _counted(listed, only, listed.videos)
            )
        listed, sets = _joined(truth, protocol)
        found = {id: [] for id in listed.videos}
        for file in json_files(predicted, "prediction"):
            for id, rows in read_predictions(file, listed).items():
                found[id] += rows
        return TrackEvaluation(self.name, protocol, listed, found, _counted(listed, only, sets))


def _counted(listed: Truth, only: Only, sets: Mapping[int, Any]) -> dict[int, str]:
    """The set of each video that counts; "" where there are no sets."""
    counted = set(counted_videos((listed.videos[id].name for id in sets), only))
    return {
        id: kept if isinstance(kept, str) else ""
        for id, kept in sets.items()
        if listed.videos[id].name in counted
    }


def benchmarks() -> tuple[TrackBenchmark, ...]:
    """All benchmarks of this layout."""
    return (
        TrackBenchmark("ytvis2019", _OFFICIAL),
        TrackBenchmark("ytvis2021", _OFFICIAL),
        TrackBenchmark("ytvis2022", _LONG_VIDEOS),
        TrackBenchmark("ovis", _OFFICIAL),
    )


def _joined(path: Path, protocol: str) -> tuple[Truth, dict[int, str]]:
    """All ground truth files of a folder as one, and the set of each video that counts."""
    files = json_files(path, "ground truth")
    truths = [(_set_of(file), read_truth(file)) for file in files]
    names = [name for name, _ in truths]
    if len(files) == 1 and protocol == "all":
        return truths[0][1], dict.fromkeys(truths[0][1].videos, "")
    if sorted(names) != sorted(_SETS):
        hint = "" if protocol == "all" else ", or choose the protocol 'all'"
        raise DataError(
            f"{path} needs one JSON file with 'long' and one with 'short' in its name{hint}; "
            f"it has {', '.join(file.name for file in files)}."
        )
    whole = Truth(path, {}, truths[0][1].categories, {})
    sets: dict[int, str] = {}
    for name, part in truths:
        if part.categories != whole.categories:
            raise DataError(f"{part.path} has other categories than {truths[0][1].path}.")
        if shared := sets.keys() & part.videos.keys():
            raise DataError(f"{part.path} has the video id {min(shared)} of {truths[0][1].path}.")
        sets |= dict.fromkeys(part.videos, name)
        videos = {id: replace(each, name=f"{name}/{each.name}") for id, each in part.videos.items()}
        whole = replace(
            whole, videos={**whole.videos, **videos}, tracks={**whole.tracks, **part.tracks}
        )
    if protocol == "all":
        return whole, dict.fromkeys(sorted(sets), "")
    wanted = _SETS if protocol == "long_short" else (protocol,)
    return whole, {id: sets[id] for id in sorted(sets) if sets[id] in wanted}


def _set_of(file: Path) -> str:
    return next((name for name in _SETS if name in file.stem.lower()), "")


@dataclass(eq=False)
class TrackSums:
    """AP of each set of videos, and the rows of the videos."""

    ap: dict[str, TrackAP]
    videos: dict[str, Row] = field(default_factory=dict)

    def merge(self, other: TrackSums) -> None:
        """Adds later videos."""
        for name, theirs in other.ap.items():
            self.ap.setdefault(name, TrackAP()).merge(theirs)
        self.videos |= other.videos


class TrackEvaluation:
    """A ground truth and predictions, checked but for the run lengths themselves.

    Args:
        truth, predicted: what the files hold; predictions by video id.
        sets: video id → name of its set, "" where there is but one; only these videos count.
    """

    def __init__(
        self,
        benchmark: str,
        protocol: str,
        truth: Truth,
        predicted: Mapping[int, list[TrackRow]],
        sets: Mapping[int, str],
    ) -> None:
        self._benchmark, self._protocol = benchmark, protocol
        self._truth, self._predicted, self._sets = truth, predicted, sets
        self._ids = {truth.videos[id].name: id for id in sets}

    @property
    def videos(self) -> Sequence[str]:
        """Names in the order of the ids."""
        return list(self._ids)

    def measure(self, video: str) -> TrackSums:
        """The sums of one video. Raises DataError, naming the entry, for broken run lengths.

        The row of a video: ``best_iou``, the mean over its true tracks (crowds left out) of the
        IoU with the nearest prediction of the same class; NaN without true tracks. ``tracks`` and
        ``predictions`` are numbers of rows.
        """
        id = self._ids[video]
        predicted_rows, true_rows = self._predicted[id], self._truth.tracks[id]
        tables = compare_tracks(predicted_rows, true_rows, self._truth.videos[id])
        ap = TrackAP()
        ap.add_video(tables)
        counting = tables.ious[:, ~tables.crowds]
        best = float(counting.max(axis=0, initial=0).mean()) if counting.shape[1] else math.nan
        row: Row = {"best_iou": best, "tracks": len(true_rows), "predictions": len(predicted_rows)}
        return TrackSums({self._sets[id]: ap}, {video: row})

    def report(self, sums: TrackSums) -> Report:
        """AP and AR as the official program prints them; -1 where no true track counts."""
        scores = {name: ap.compute() for name, ap in sums.ap.items()}
        parts = {name: self._figures(score) for name, score in scores.items()}
        figures: dict[str, Any] = dict(parts) if len(parts) > 1 else next(iter(parts.values()))
        headline: tuple[str, ...] = ("AP", "AP50", "AP75", "AR1", "AR10")
        if len(parts) > 1:
            mean = sum(part["AP"] for part in parts.values()) / len(parts)
            figures = {"AP": mean, **figures}
            headline = ("AP", *(f"{name}/{key}" for name in parts for key in headline))
        return Report(
            benchmark=self._benchmark,
            protocol=self._protocol,
            authority=self._authority(),
            unit="fraction",
            figures=figures,
            headline=headline,
            ranking="best_iou",
            videos=sums.videos,
            classes={
                (f"{name}/" if name else "") + row: values
                for name, score in scores.items()
                for row, values in self._classes(score).items()
            },
            curves=tuple(
                Curve(
                    "AP over IoU",
                    name or "all classes",
                    IOU_THRESHOLDS,
                    score.thresholds,
                    ("least IoU", "AP"),
                )
                for name, score in scores.items()
            ),
            notes=self._notes(figures),
        )

    def _authority(self) -> str:
        if self._benchmark == "ytvis2022":
            return (
                f"The rules of {_CODE}; how the server joins long and short videos is known from "
                f"the words of its site alone. {_LONG_VIDEOS[self._protocol]}"
            )
        return f"Equal to {_CODE} (OVIS uses it as well)."

    @staticmethod
    def _figures(scores: TrackAPScores) -> dict[str, Any]:
        levels = {name: float(scores.thresholds[row]) for name, row in (("AP50", 0), ("AP75", 5))}
        sizes = [name for name in scores.ap if name != "all"]
        values = {
            "AP": scores.ap["all"],
            **levels,
            **{f"AP_{name}": scores.ap[name] for name in sizes},
            **{f"AR_{key}" if key in sizes else f"AR{key}": scores.ar[key] for key in scores.ar},
        }
        plain = {name: -1.0 if math.isnan(value) else value for name, value in values.items()}
        per_class = {str(id): float(levels.mean()) for id, levels in scores.classes.items()}
        return {**plain, "AP_per_category": per_class}

    def _classes(self, scores: TrackAPScores) -> dict[str, Row]:
        names = self._truth.categories
        twice = len(set(names.values())) < len(names)
        return {
            f"{names[id]} ({id})" if twice else names[id]: {
                "AP": float(levels.mean()),
                "AP50": float(levels[0]),
                "AP75": float(levels[5]),
                "AR100": scores.class_recalls[id],
            }
            for id, levels in scores.classes.items()
        }

    def _notes(self, figures: Mapping[str, Any]) -> tuple[str, ...]:
        notes = []
        empty = sum(not self._predicted[id] for id in self._sets)
        if empty:
            videos = counted(len(self._sets), "video has", "videos have")
            notes.append(f"{empty} of {videos} no prediction; their objects are missed.")
        spare = sum(len(rows) for id, rows in self._predicted.items() if id not in self._sets)
        if spare:
            rows = counted(spare, "prediction is", "predictions are")
            notes.append(f"{rows} of videos of the other set and left out.")
        parts = [figures, *(figures[name] for name in _SETS if name in figures)]
        if any(value == -1.0 for part in parts for value in part.values()):
            notes.append("-1 means that no true object is of this kind.")
        return tuple(notes)

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Frames with all true tracks, and the predictions of at least half the best score.

        The higher score lies on top. Numbers are not shared between both maps.
        """
        id = self._ids[video]
        info, predicted_rows = self._truth.videos[id], self._predicted[id]
        least = _SHOWN * max((row.score for row in predicted_rows), default=0.0)
        shown = sorted(
            (row for row in predicted_rows if row.score >= least), key=lambda row: row.score
        )
        for frame, file in enumerate(info.files):
            yield ComparedFrame(
                PurePosixPath(file).stem,
                paint(self._truth.tracks[id], frame, info),
                paint(shown, frame, info),
                same_ids=False,
            )
