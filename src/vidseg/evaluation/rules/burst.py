"""BURST: HOTA and track mAP over all, common and uncommon classes.

The official program compares masks for the track mAP, but for HOTA the boxes around them: it fills
the list of masks with boxes. Protocols that end in ``_masks`` give HOTA of the masks themselves, as
the paper (Athar et al., "BURST", WACV 2023) describes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.burst import json_files
from ...metrics.hota import ALPHAS, HOTA, HOTAScores
from ...metrics.track_map import TrackMAP
from ...metrics.track_overlaps import Floats
from ..benchmark import ComparedFrame, Curve, Only, Report, Row, counted_videos
from ..report_notes import counted
from ..track_files import collector_at_rest, json_file
from .burst_files import (
    COMMON,
    DISTRACTORS,
    BurstPredictions,
    BurstTruth,
    read_predictions,
    read_truth,
)
from .burst_video import class_hota, class_track_map, compare_masks, paint


@dataclass(frozen=True)
class _Rules:
    """What a protocol changes.

    Attributes:
        text: what the protocol is.
        classes_of_truth: a predicted track is the true one of its id and has the class of it.
        excuses: unmatched masks are taken away where the labels do not say that they are wrong.
        boxes: HOTA compares the boxes around the masks.
    """

    text: str
    classes_of_truth: bool
    excuses: bool
    boxes: bool = True


_PROTOCOLS = {
    "class_guided": _Rules(
        "Classes are predicted; masks where the labels are silent are excused.", False, True
    ),
    "exemplar_guided": _Rules(
        "Track ids are those of the ground truth and tell the class, as TrackEval's run_burst.py "
        "reads them.",
        True,
        False,
    ),
    "exemplar_run_py": _Rules(
        "The exemplar-guided task as run.py of BURST ships: it learns of the task only after "
        "reading, so the classes of the prediction file count.",
        False,
        False,
    ),
    "class_guided_masks": _Rules(
        "As class_guided, but HOTA compares masks, as the paper says.", False, True, boxes=False
    ),
    "exemplar_guided_masks": _Rules(
        "As exemplar_guided, but HOTA compares masks, as the paper says.", True, False, boxes=False
    ),
}


_AUTO = "auto"
_AUTO_TEXT = (
    "exemplar_guided where all tracks of the file have ids of the ground truth and one single "
    "class, else class_guided."
)


@dataclass(frozen=True)
class BurstBenchmark:
    """BURST; ground truth ``all_classes.json``."""

    name: str = "burst"

    @property
    def protocols(self) -> Mapping[str, str]:
        """Name → what it is."""
        return {_AUTO: _AUTO_TEXT, **{name: rules.text for name, rules in _PROTOCOLS.items()}}

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> BurstEvaluation:
        """Reads both JSON files; a folder may stand for the one JSON file in it."""
        known = None if protocol == _AUTO else _PROTOCOLS[protocol].classes_of_truth
        with collector_at_rest():
            true = read_truth(_truth_file(truth))
            if only is not None:
                kept = {name: true.videos[name] for name in counted_videos(true.videos, only)}
                true = replace(true, videos=kept)
            found = read_predictions(json_file(predicted, "prediction"), true, known)
        if known is not None:
            return BurstEvaluation(true, found, protocol)
        chosen = "exemplar_guided" if found.classes_of_truth else "class_guided"
        note = f"The file was taken for {chosen.replace('_', '-')}; name a protocol to be sure."
        return BurstEvaluation(true, found, chosen, (note,))


def _truth_file(truth: Path) -> Path:
    """The one JSON file of all classes, beside which lists and parts of it may lie, or another."""
    there = json_files(truth)
    return next(iter(there.values())) if len(there) == 1 else json_file(truth, "ground truth")


def benchmarks() -> tuple[BurstBenchmark, ...]:
    """The benchmark of this module."""
    return (BurstBenchmark(),)


@dataclass(eq=False)
class BurstSums:
    """Sums by class id, and the rows of the videos."""

    hota: dict[int, HOTA] = field(default_factory=dict)
    track_map: dict[int, TrackMAP] = field(default_factory=dict)
    videos: dict[str, Row] = field(default_factory=dict)

    def merge(self, other: BurstSums) -> None:
        """Adds later videos."""
        for id, hota in other.hota.items():
            self.hota.setdefault(id, HOTA()).merge(hota)
        for id, track_map in other.track_map.items():
            self.track_map.setdefault(id, TrackMAP()).merge(track_map)
        self.videos |= other.videos


class BurstEvaluation:
    """A ground truth and predictions, checked but for the run lengths themselves."""

    def __init__(
        self,
        truth: BurstTruth,
        predicted: BurstPredictions,
        protocol: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._truth, self._predicted = truth, predicted
        self._protocol, self._known = protocol, notes
        seen = {mask.category for video in truth.videos.values() for mask in video.masks}
        self._classes = [id for id in truth.categories if id in seen - DISTRACTORS]
        if not self._classes:
            raise DataError(f"{truth.path} has no object of a class that counts.")

    @property
    def videos(self) -> Sequence[str]:
        """Data set and sequence, sorted as the official program does."""
        return list(self._truth.videos)

    def measure(self, video: str) -> BurstSums:
        """The sums of one video. Raises DataError, naming the entry, for broken run lengths.

        The row of a video: HOTA, DetA and AssA in percent, its classes taken together.
        """
        info = self._truth.videos[video]
        rules = _PROTOCOLS[self._protocol]
        pairs = compare_masks(
            info,
            self._predicted.masks.get(video, ()),
            (self._truth.path, self._predicted.path),
            rules.boxes,
        )
        sums, whole = BurstSums(), HOTA()
        for id in self._classes:
            if id in pairs.classes:
                sums.hota[id] = class_hota(pairs, id, info, rules.excuses)
                sums.track_map[id] = class_track_map(pairs, id, info)
                whole.merge(sums.hota[id])
        scores = whole.compute()
        row = {"HOTA": scores.hota, "DetA": scores.det_a, "AssA": scores.ass_a}
        sums.videos[video] = {key: 100 * float(value.mean()) for key, value in row.items()}
        return sums

    def report(self, sums: BurstSums) -> Report:
        """HOTA, DetA, AssA and AP in percent; ``per_class`` in shares, as TrackEval keeps them."""
        names = self._truth.categories
        hota = {id: sums.hota[id].compute() for id in self._classes}
        ap = {id: sums.track_map[id].compute() for id in self._classes}
        rows = {
            id: {
                "HOTA": 100 * float(hota[id].hota.mean()),
                "DetA": 100 * float(hota[id].det_a.mean()),
                "AssA": 100 * float(hota[id].ass_a.mean()),
                "AP": 100 * float(ap[id].mean()),
            }
            for id in self._classes
        }
        splits = {
            "all": self._classes,
            "common": [id for id in self._classes if id in COMMON],
            "uncommon": [id for id in self._classes if id not in COMMON],
        }
        figures: dict[str, Any] = {
            key: {
                split: sum(rows[id][key] for id in ids) / len(ids) if ids else math.nan
                for split, ids in splits.items()
            }
            for key in ("HOTA", "DetA", "AssA", "AP")
        }
        figures["per_class"] = self._details(sums, hota, ap)
        means = {"HOTA": "hota", "DetA": "det_a", "AssA": "ass_a"}
        axes = ("least IoU (alpha)", "%, mean over classes")
        return Report(
            benchmark="burst",
            protocol=self._protocol,
            authority=_authority(self._protocol),
            unit="percent",
            figures=figures,
            headline=("HOTA/all", "HOTA/common", "HOTA/uncommon", "DetA/all", "AssA/all", "AP/all"),
            ranking="HOTA",
            videos=sums.videos,
            classes={names[id]: row for id, row in rows.items()},
            curves=tuple(
                Curve("HOTA over IoU", key, ALPHAS, 100 * _class_mean(hota, name), axes)
                for key, name in means.items()
            ),
            notes=self._notes(),
        )

    def _details(
        self, sums: BurstSums, hota: Mapping[int, HOTAScores], ap: Mapping[int, Floats]
    ) -> dict[str, dict[str, Any]]:
        names = self._truth.categories
        details = {names[id]: _detail(hota[id], float(ap[id].mean())) for id in self._classes}
        together = HOTA()
        for id in self._classes:
            together.merge(sums.hota[id])
        mean_ap = float(np.mean(list(ap.values()), axis=0).mean())
        keys = ("hota", "det_a", "det_re", "det_pr", "ass_a", "ass_re", "ass_pr", "loc_a")
        averages = {key: _class_mean(hota, key) for key in keys}
        hits = np.sum([scores.hits for scores in hota.values()], axis=0)
        details["cls_comb_cls_av"] = _detail(HOTAScores(**averages, hits=hits), mean_ap)
        details["cls_comb_det_av"] = _detail(together.compute(), mean_ap)
        return details

    def _notes(self) -> tuple[str, ...]:
        predicted, total = self._predicted, len(self._truth.videos)
        empty = sum(not predicted.masks.get(name) for name in self._truth.videos)
        videos = counted(total, "video has", "videos have")
        missing = counted(predicted.missing_frames, "annotated frame is", "annotated frames are")
        spare = counted(predicted.spare_frames, "predicted frame is", "predicted frames are")
        tracks = counted(predicted.spare_tracks, "predicted track is", "predicted tracks are")
        cases = (
            (empty, f"{empty} of {videos} no prediction; their objects are missed."),
            (predicted.missing_frames, f"{missing} not in the prediction: taken as empty."),
            (predicted.spare_frames, f"{spare} not annotated and left out."),
            (predicted.spare_tracks, f"{tracks} of objects that do not count."),
        )
        return (
            *self._known,
            *(text for number, text in cases if number),
            "HOTA is that of the boxes around the masks, as in the official program."
            if _PROTOCOLS[self._protocol].boxes
            else "HOTA is that of masks; the official program compares boxes.",
            "The figures under per_class are shares, not percent.",
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Annotated frames with all masks that are read, of the predicted ones the best on top.

        Numbers are track ids; exemplar-guided they are shared between both maps.
        """
        info = self._truth.videos[video]
        masks = self._predicted.masks.get(video, ())
        for frame, file in enumerate(info.frames):
            true = [mask for mask in info.masks if mask.frame == frame]
            predicted = sorted((m for m in masks if m.frame == frame), key=lambda mask: mask.score)
            yield ComparedFrame(
                PurePosixPath(file).stem,
                paint(true, info, self._truth.path),
                paint(predicted, info, self._predicted.path),
                same_ids=_PROTOCOLS[self._protocol].classes_of_truth,
            )


def _authority(protocol: str) -> str:
    rules = _PROTOCOLS[protocol]
    if rules.boxes:
        start = "Equal to the evaluation code of BURST (TrackEval), whose HOTA compares boxes."
    else:
        start = (
            "The rules of the evaluation code of BURST (TrackEval), which itself compares boxes."
        )
    return f"{start} {rules.text}"


def _class_mean(hota: Mapping[int, HOTAScores], name: str) -> Floats:
    values: Floats = np.mean([getattr(scores, name) for scores in hota.values()], axis=0)
    return values


def _detail(scores: HOTAScores, ap: float) -> dict[str, Any]:
    arrays = {
        "HOTA": scores.hota,
        "DetA": scores.det_a,
        "AssA": scores.ass_a,
        "DetRe": scores.det_re,
        "DetPr": scores.det_pr,
        "AssRe": scores.ass_re,
        "AssPr": scores.ass_pr,
        "LocA": scores.loc_a,
    }
    means = {key: float(values.mean()) for key, values in arrays.items()}
    return {**means, "HOTA_TP": scores.hits.tolist(), "AP_all": ap}
