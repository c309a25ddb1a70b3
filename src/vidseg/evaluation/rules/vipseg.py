"""VIPSeg: video panoptic segmentation, VPQ and STQ (Miao et al., CVPR 2022)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.problems import STRICT
from ...formats.layouts.segments import Segments, compare_ids
from ...formats.layouts.vipseg import PREDICTED_JSON
from ...metrics.overlaps import Counts, joint_areas
from ...metrics.panoptic import PanopticMap
from ...metrics.stq import STQ
from ...metrics.vpq import VPQ, PanopticQuality, VPQScores
from ...pictures.label_maps import read_rgb_ids
from ...types import IdMap
from ..benchmark import ComparedFrame, Curve, Only, Report, Row, sorted_curves
from ..mask_folders import same_size
from ..read_ahead import read_ahead
from ..report_notes import class_notes, counted
from .vipseg_files import PanopticClasses, PanopticVideo, read_vipseg

WINDOWS = (1, 2, 4, 6, 8)
_SHORT_WINDOWS = (1, 2, 4, 6)  # those that most papers name
_VOID = 255

_PROTOCOLS = {
    "official": "VPQ over 1, 2, 4, 6 and 8 frames and STQ, as VIPSeg's own scripts print them.",
}
_AUTHORITY = (
    "eval_vpq_vspw.py and eval_stq_vspw.py of VIPSeg-Dataset: VPQ in percent, STQ, AQ and SQ as "
    "shares of 1; in STQ the first listed segment of a video is a crowd if it is a thing."
)


def benchmarks() -> tuple[VIPSeg, ...]:
    """The benchmark of this module."""
    return (VIPSeg(),)


@dataclass(frozen=True)
class VIPSeg:
    """``panoptic_gt_VIPSeg_val.json`` and ``panomasksRGB`` against ``pred.json``, ``pan_pred``."""

    name: str = "vipseg"
    protocols: Mapping[str, str] = field(default_factory=lambda: _PROTOCOLS)

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> VIPSegEvaluation:
        """Reads both JSON files and finds the PNGs. See Benchmark."""
        source, classes, videos = read_vipseg(truth, predicted, only)
        by_name = {video.name: video for video in videos}
        return VIPSegEvaluation(protocol, source, classes, by_name)


class VIPSegSums:
    """Sums of one or several videos, and the figures of each."""

    def __init__(self, classes: PanopticClasses) -> None:
        things = np.flatnonzero(classes.is_thing).tolist()
        self.vpq = VPQ(len(classes.names), things, WINDOWS)
        self.stq = STQ(len(classes.names), things)
        self.videos: dict[str, Row] = {}
        self.misstated = 0  # true segments whose listed area is not that of the PNG

    def merge(self, other: VIPSegSums) -> None:
        """Adds what was gathered from later videos."""
        self.vpq.merge(other.vpq)
        self.stq.merge(other.stq)
        self.videos.update(other.videos)
        self.misstated += other.misstated


@dataclass(frozen=True)
class VIPSegEvaluation:
    """Both sides of VIPSeg, opened. See Evaluation."""

    protocol: str
    source: Path
    classes: PanopticClasses = field(repr=False)
    by_name: Mapping[str, PanopticVideo] = field(repr=False)

    @property
    def videos(self) -> tuple[str, ...]:
        """Names in the order of the JSON file."""
        return tuple(self.by_name)

    def measure(self, video: str) -> VIPSegSums:
        """The sums of one video, read frame by frame. DataError where a file is unfit."""
        sums = VIPSegSums(self.classes)
        entry = self.by_name[video]
        true_number = {id: k for k, id in enumerate(entry.truth_order)}
        predicted_number: dict[int, int] = {}
        listings = zip(entry.truth, entry.predicted, strict=True)
        frames = read_ahead(partial(_read, entry), entry.frames)
        for (frame, maps), (listed, answer) in zip(frames, listings, strict=True):
            for id in answer.classes:
                predicted_number.setdefault(id, len(predicted_number))
            g, p, areas = joint_areas(*maps)
            self._check_listed(entry, frame, g, p, listed, answer)
            true = PanopticMap(g, listed.classes, listed.crowds, listed.areas)
            try:
                sums.vpq.update(PanopticMap(p, answer.classes), true, areas)
            except DataError as error:
                raise DataError(f"{self.source}, video {video}, {frame}: {error}") from error
            sums.stq.update(
                *_classes_and_numbers(p, answer, predicted_number),
                *_classes_and_numbers(g, listed, true_number),
                areas,
            )
            sums.misstated += _misstated(g, areas, listed.areas)
        sums.videos[video] = _video_row(sums)
        return sums

    def _check_listed(
        self,
        entry: PanopticVideo,
        frame: str,
        g: Counts,
        p: Counts,
        listed: Segments,
        answer: Segments,
    ) -> None:
        """Raises DataError where a PNG and its JSON file do not hold the same segments."""
        png = entry.truth_folder / f"{frame}.png"
        compare_ids(g.tolist(), listed, png, self.source, STRICT)
        png = entry.predicted_folder / f"{frame}.png"
        source = entry.predicted_folder.parents[1] / PREDICTED_JSON
        compare_ids(p.tolist(), answer, png, source, STRICT)

    def report(self, sums: VIPSegSums) -> Report:
        """The figures of both scripts; all breakdowns in percent."""
        windows = sums.vpq.compute()
        keys = ("VPQ", "STQ", "AQ", "SQ")
        return Report(
            benchmark="vipseg",
            protocol=self.protocol,
            authority=_AUTHORITY,
            unit="percent",
            figures=_figures(sums, windows),
            headline=(
                *("VPQ/All", "VPQ/Things", "VPQ/Stuff", "VPQ_1246/All"),
                *(f"VPQ_nframes_{k}/All/pq" for k in WINDOWS),
                *("STQ/STQ", "STQ/AQ", "STQ/SQ"),
            ),
            ranking="VPQ",
            videos=sums.videos,
            classes=_class_rows(sums, windows, self.classes.names),
            curves=(*_curves(windows), *sorted_curves(sums.videos, keys, "percent")),
            notes=_notes(sums, windows, self.classes.names),
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Segment ids, which differ between truth and prediction."""
        entry = self.by_name[video]
        for frame, (truth, predicted) in read_ahead(partial(_read, entry), entry.frames):
            yield ComparedFrame(frame, truth, predicted, same_ids=False)


def _read(entry: PanopticVideo, frame: str) -> tuple[IdMap, IdMap]:
    """(true, predicted) [H, W] segment ids."""
    path = entry.predicted_folder / f"{frame}.png"
    truth = read_rgb_ids(entry.truth_folder / f"{frame}.png")
    return truth, same_size(path, read_rgb_ids(path), truth)


def _classes_and_numbers(
    ids: Counts, listed: Segments, numbers: Mapping[int, int]
) -> tuple[Counts, Counts]:
    """(class, instance number) of each id; void has the class 255."""
    present = ids.tolist()
    classes = np.array([listed.classes.get(id, _VOID) for id in present], np.int64)
    return classes, np.array([numbers.get(id, _VOID) for id in present], np.int64)


def _misstated(ids: Counts, areas: Counts, stated: Mapping[int, int]) -> int:
    counted = dict.fromkeys(stated, 0)
    for id, area in zip(ids.tolist(), areas.tolist(), strict=True):
        if id:
            counted[id] += area
    return sum(counted[id] != area for id, area in stated.items())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _video_row(sums: VIPSegSums) -> Row:
    """In percent; VPQ over the windows that the video is long enough for."""
    scores = sums.stq.compute()
    windows = {k: 100 * window.all.pq for k, window in sums.vpq.compute().items()}
    long_enough = [pq for pq in windows.values() if not math.isnan(pq)]
    shares = {"STQ": scores.stq, "AQ": scores.association, "SQ": scores.segmentation}
    return {
        "VPQ": _mean(long_enough) if long_enough else math.nan,
        **{key: 100 * share for key, share in shares.items()},
        **{f"VPQ_{k}": pq for k, pq in windows.items()},
    }


def _figures(sums: VIPSegSums, windows: Mapping[int, VPQScores]) -> dict[str, Any]:
    figures: dict[str, Any] = {f"VPQ_nframes_{k}": _window(windows[k]) for k in WINDOWS}
    for key, lengths in (("VPQ", WINDOWS), ("VPQ_1246", _SHORT_WINDOWS)):
        figures[key] = {
            group: _mean([figures[f"VPQ_nframes_{k}"][group]["pq"] for k in lengths])
            for group in ("All", "Things", "Stuff")
        }
    scores = sums.stq.compute()
    totals = {"STQ": scores.stq, "AQ": scores.association, "SQ": scores.segmentation}
    rows = sums.videos.values()
    per_video = {f"{key}_per_seq": [row[key] / 100 for row in rows] for key in totals}
    figures["STQ"] = {**totals, **per_video}
    return figures


def _window(scores: VPQScores) -> dict[str, Any]:
    sums = scores.sums
    return {
        "All": _quality(scores.all),
        "tp": int(sums.hits.sum()),
        "fp": int(sums.alarms.sum()),
        "fn": int(sums.misses.sum()),
        "Things": _quality(scores.things),
        "Stuff": _quality(scores.stuff),
    }


def _quality(quality: PanopticQuality) -> dict[str, float | int]:
    percent = {"pq": 100 * quality.pq, "sq": 100 * quality.sq, "rq": 100 * quality.rq}
    return {**percent, "n": quality.classes}


def _class_rows(
    sums: VIPSegSums, windows: Mapping[int, VPQScores], names: Sequence[str]
) -> dict[str, Row]:
    """Classes that occur on either side; VPQ over the windows in which a class occurs."""
    iou = sums.stq.compute().iou
    rows: dict[str, Row] = {}
    for k, name in enumerate(names):
        pq = {f"VPQ_{n}": 100 * windows[n].sums.quality((k,)).pq for n in WINDOWS}
        found = [value for value in pq.values() if not math.isnan(value)]
        if found or not math.isnan(iou[k]):
            mean = _mean(found) if found else math.nan
            rows[name] = {"VPQ": mean, "IoU": 100 * float(iou[k]), **pq}
    return rows


def _curves(windows: Mapping[int, VPQScores]) -> Iterator[Curve]:
    lengths = np.array(WINDOWS, dtype=np.float64)
    for label in ("all", "things", "stuff"):
        values = np.array([100 * getattr(windows[k], label).pq for k in WINDOWS])
        yield Curve("VPQ over the window", label, lengths, values, ("frames", "PQ (percent)"))


def _notes(
    sums: VIPSegSums, windows: Mapping[int, VPQScores], names: Sequence[str]
) -> tuple[str, ...]:
    notes = ["STQ, AQ and SQ are shares of 1 in the figures and percent in the breakdowns."]
    notes += class_notes(sums.stq, names)
    empty = [k for k, scores in windows.items() if not scores.all.classes]
    if empty:
        notes.append(
            f"No video has {min(empty)} frames, so that VPQ of such windows is not defined; the "
            "official script stops there."
        )
    if sums.misstated:
        notes.append(
            f"{counted(sums.misstated, 'true segment has', 'true segments have')} another area in "
            "the JSON file than in the PNG; as in the official script the stated one counts in VPQ."
        )
    return tuple(notes)
