"""KITTI-STEP: segmenting and tracking every pixel, STQ and VPQ (Weber et al., NeurIPS 2021)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts import kitti_step as layout
from ...formats.layouts.kitti_step import CLASSES, THINGS, VOID
from ...metrics.overlaps import Counts, LabelMap, joint_areas
from ...metrics.panoptic import PanopticMap
from ...metrics.stq import STQ
from ...metrics.vpq import VPQ, VPQScores
from ...pictures.label_maps import read_rgb_ids
from ...types import IdMap
from ...vocabularies import get_vocabulary
from ..benchmark import ComparedFrame, Curve, Only, Report, Row, counted_videos, sorted_curves
from ..mask_folders import (
    MaskVideo,
    every_frame,
    folders_in,
    pair_videos,
    predicted_folders,
    same_size,
)
from ..read_ahead import read_ahead
from ..report_notes import class_notes

WINDOWS = (1, 2, 3, 4)
_SHARED = 1000
"""Instances that DeepLab2's VPQ can tell apart in a class."""

_PROTOCOLS = {
    "deeplab2": "STQ of DeepLab2's numpy class; VPQ of its TensorFlow class over 1 to 4 frames.",
}
_AUTHORITY = (
    "STQuality of google-research/deeplab2 (19 classes, things 11 and 13, void 255); VPQ by the "
    "rule of its VideoPanopticQuality, whose windows each paper chooses itself."
)


def benchmarks() -> tuple[KITTISTEP, ...]:
    """The benchmark of this module."""
    return (KITTISTEP(),)


@dataclass(frozen=True)
class KITTISTEP:
    """``<truth>/panoptic_maps/val/<video>/*.png`` against ``<predicted>/panoptic_maps/<video>``.

    PNGs are RGB: R is the class, 256 G + B the instance; an instance 0 of a true thing is a crowd.
    """

    name: str = "kitti_step"
    protocols: Mapping[str, str] = field(default_factory=lambda: _PROTOCOLS)

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> KITTISTEPEvaluation:
        """Finds the sequences. See Benchmark."""
        bare = not layout.splits_in(truth) and layout.sequences(truth, None)
        root = layout.map_folder(truth, None if bare else "val")
        folders = folders_in(root)
        if not folders:
            raise DataError(f"{root} holds no sequence of the ground truth.")
        answers = predicted_folders(predicted, (layout.MAPS, "val"))
        videos = pair_videos(folders, answers, counted_videos(folders, only), every_frame)
        return KITTISTEPEvaluation(protocol, {video.name: video for video in videos})


@dataclass(eq=False)
class STEPSums:
    """Sums of one or several sequences, and the figures of each."""

    stq: STQ = field(default_factory=lambda: STQ(CLASSES, THINGS))
    vpq: VPQ = field(default_factory=lambda: VPQ(CLASSES, THINGS, WINDOWS))
    videos: dict[str, Row] = field(default_factory=dict)
    highest_instance: int = 0

    def merge(self, other: STEPSums) -> None:
        """Adds what was gathered from later sequences."""
        self.stq.merge(other.stq)
        self.vpq.merge(other.vpq)
        self.videos.update(other.videos)
        self.highest_instance = max(self.highest_instance, other.highest_instance)


@dataclass(frozen=True)
class KITTISTEPEvaluation:
    """Both sides of KITTI-STEP, opened. See Evaluation."""

    protocol: str
    by_name: Mapping[str, MaskVideo] = field(repr=False)

    @property
    def videos(self) -> tuple[str, ...]:
        """Names of the sequences, sorted."""
        return tuple(self.by_name)

    def measure(self, video: str) -> STEPSums:
        """The sums of one sequence, read frame by frame. DataError where a file is unfit."""
        sums = STEPSums()
        entry = self.by_name[video]
        for frame, (truth, predicted) in read_ahead(partial(_read, entry), entry.frames):
            g, p, areas = joint_areas(truth, predicted)
            true = _decode(g, entry.truth / f"{frame}.png")
            answer = _decode(p, entry.predicted / f"{frame}.png")
            sums.stq.update(*answer, *true, areas)
            sums.vpq.update(_segments(*answer), _segments(*true), areas)
            numbers = true[1].max(initial=0), answer[1].max(initial=0)
            sums.highest_instance = max(sums.highest_instance, *map(int, numbers))
        sums.videos[video] = _video_row(sums)
        return sums

    def report(self, sums: STEPSums) -> Report:
        """The figures of the public code, as shares."""
        scores = sums.vpq.compute()
        return Report(
            benchmark="kitti_step",
            protocol=self.protocol,
            authority=_AUTHORITY,
            unit="fraction",
            figures=_figures(sums, scores),
            headline=("STQ", "AQ", "SQ", *(f"VPQ_window_{k}/PQ" for k in WINDOWS)),
            ranking="STQ",
            videos=sums.videos,
            classes=_class_rows(sums, scores),
            curves=(*_curves(scores), *sorted_curves(sums.videos, ("STQ", "AQ", "SQ"), "0..1")),
            notes=_notes(sums),
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Segments as 256 instance + class + 1, void 0."""
        entry = self.by_name[video]
        for frame, maps in read_ahead(partial(_read, entry), entry.frames):
            truth, predicted = map(_to_compare, maps)
            yield ComparedFrame(frame, truth, predicted, same_ids=False)


def _read(entry: MaskVideo, frame: str) -> tuple[IdMap, IdMap]:
    """(true, predicted) [H, W] colours R + 256 G + 65536 B."""
    path = entry.predicted / f"{frame}.png"
    truth = read_rgb_ids(entry.truth / f"{frame}.png")
    return truth, same_size(path, read_rgb_ids(path), truth)


def _decode(colours: Counts, path: Path) -> tuple[Counts, Counts]:
    """(class, instance) of each colour. Raises DataError for an unknown class."""
    classes = colours & 255
    wrong = classes[(classes >= CLASSES) & (classes != VOID)]
    if len(wrong):
        raise DataError(
            f"{path} holds the class {wrong[0]} in its red channel; 0..{CLASSES - 1} and {VOID} "
            "(void) are known."
        )
    return classes, _instances(colours)


def _instances(colours: LabelMap) -> Any:
    return (colours >> 8 & 255) * 256 + (colours >> 16)


def _segments(classes: Counts, instances: Counts) -> PanopticMap:
    """Each class and instance as a segment of its own; void is 0."""
    ids = np.where(classes == VOID, 0, (classes << 16) + instances + 1)
    return PanopticMap(ids, {id: (id - 1) >> 16 for id in set(ids.tolist()) if id})


def _to_compare(colours: IdMap) -> IdMap:
    ids = _instances(colours) * 256 + (colours & 255) + 1
    return np.where(colours & 255 == VOID, 0, ids).astype(np.int32)


def _video_row(sums: STEPSums) -> Row:
    scores, windows = sums.stq.compute(), sums.vpq.compute()
    pq = {f"PQ_{k}": windows[k].all.pq for k in WINDOWS}
    return {"STQ": scores.stq, "AQ": scores.association, "SQ": scores.segmentation, **pq}


def _figures(sums: STEPSums, windows: Mapping[int, VPQScores]) -> dict[str, Any]:
    scores = sums.stq.compute()
    rows = sums.videos.values()
    totals = {"STQ": scores.stq, "AQ": scores.association, "SQ": scores.segmentation}
    single = scores.association_single
    tensorflow = {**totals, "STQ": math.sqrt(single * scores.segmentation), "AQ": single}
    return {
        **totals,
        **{f"{key}_per_seq": [row[key] for row in rows] for key in totals},
        "ID_per_seq": list(sums.videos),
        "STQ_tensorflow": tensorflow,
        **{f"VPQ_window_{k}": _window_figures(windows[k]) for k in WINDOWS},
    }


def _window_figures(scores: VPQScores) -> dict[str, Any]:
    sums = scores.sums
    seen = sums.hits + sums.misses + sums.alarms > 0
    counts = [float(c[seen].mean()) if seen.any() else math.nan for c in _counts(scores)]
    quality = scores.all.pq, scores.all.sq, scores.all.rq
    return {
        "float32_result_PQ_SQ_RQ_TP_FN_FP": [float(np.float32(v)) for v in (*quality, *counts)],
        "PQ": scores.all.pq,
        "PQ_thing": scores.things.pq,
        "PQ_stuff": scores.stuff.pq,
        "iou_per_class": sums.iou.tolist(),
        **{key: c.tolist() for key, c in zip(("tp", "fn", "fp"), _counts(scores), strict=True)},
    }


def _counts(scores: VPQScores) -> tuple[Counts, Counts, Counts]:
    return scores.sums.hits, scores.sums.misses, scores.sums.alarms


def _class_rows(sums: STEPSums, windows: Mapping[int, VPQScores]) -> dict[str, Row]:
    iou = sums.stq.compute().iou
    names = get_vocabulary("kitti_step").names
    return {
        name: {
            "IoU": float(iou[k]),
            **{f"PQ_{length}": windows[length].sums.quality((k,)).pq for length in WINDOWS},
        }
        for k, name in enumerate(names)
        if not math.isnan(iou[k])
    }


def _curves(windows: Mapping[int, VPQScores]) -> Iterator[Curve]:
    lengths = np.array(WINDOWS, dtype=np.float64)
    for label in ("all", "things", "stuff"):
        values = np.array([getattr(windows[k], label).pq for k in WINDOWS])
        yield Curve("VPQ over the window", label, lengths, values, ("frames", "PQ (0..1)"))


def _notes(sums: STEPSums) -> tuple[str, ...]:
    notes = [*class_notes(sums.stq, get_vocabulary("kitti_step").names)]
    if sums.highest_instance >= _SHARED:
        notes.append(
            f"Instance numbers reach {sums.highest_instance}: DeepLab2's VPQ takes those from "
            f"{_SHARED} on for other classes, here they are kept apart."
        )
    return tuple(notes)
