"""VSPW: video semantic segmentation, mIoU and mVC (Miao et al., CVPR 2021)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError
from ...formats.layouts import vspw as layout
from ...formats.layouts.vspw import CLASSES
from ...metrics.overlaps import Counts, joint_areas
from ...metrics.vss import ConsistencyMeter, SemanticMeter, SemanticScores
from ...types import IdMap
from ...vocabularies import get_vocabulary
from ..benchmark import ComparedFrame, Only, Report, Row, counted_videos, sorted_curves
from ..mask_folders import MaskVideo, every_frame, pair_videos, predicted_folders
from ..report_notes import counted

if TYPE_CHECKING:
    from ...metrics.contours import LabelMap8

CLIPS = (8, 16)

_PROTOCOLS = {
    "official": "masks whose labels are 0..123 and 255 (void), as the public code expects them.",
    "raw": "true masks as VSPW_480p ships them: 0 becomes void and k becomes k-1 first.",
}
_AUTHORITY = (
    "evaluator_test.py and VC_perclip.py of VSPW_code: one confusion matrix over all labelled "
    "pixels; the mean over all clips of all videos, of which each has one clip too few."
)


def benchmarks() -> tuple[VSPW, ...]:
    """The benchmark of this module."""
    return (VSPW(),)


@dataclass(frozen=True)
class VSPW:
    """``<truth>/data/<video>/mask/*.png`` and ``val.txt`` against ``<predicted>/<video>/*.png``."""

    name: str = "vspw"
    protocols: Mapping[str, str] = field(default_factory=lambda: _PROTOCOLS)

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> VSPWEvaluation:
        """Finds the videos that ``val.txt`` lists. See Benchmark."""
        names = counted_videos(layout.videos_of(truth, "val"), only)
        folders = {name: layout.maps(truth, name) for name in names}
        for name, folder in folders.items():
            if not folder.is_dir():
                listing = layout.split_list(truth, "val")
                raise DataError(f"{listing} lists {name}, but there is no {folder}.")
        videos = pair_videos(folders, predicted_folders(predicted, ()), names, every_frame)
        return VSPWEvaluation(protocol, {video.name: video for video in videos})


@dataclass(eq=False)
class VSPWSums:
    """Sums of one or several videos, and the figures of each video."""

    semantic: SemanticMeter = field(default_factory=lambda: SemanticMeter(CLASSES))
    steady: ConsistencyMeter = field(default_factory=lambda: ConsistencyMeter(CLIPS))
    videos: dict[str, Row] = field(default_factory=dict)

    def merge(self, other: VSPWSums) -> None:
        """Adds what was gathered from later videos."""
        self.semantic.merge(other.semantic)
        self.steady.merge(other.steady)
        self.videos.update(other.videos)


@dataclass(frozen=True)
class VSPWEvaluation:
    """Both sides of VSPW, opened. See Evaluation."""

    protocol: str
    by_name: Mapping[str, MaskVideo] = field(repr=False)

    @property
    def videos(self) -> tuple[str, ...]:
        """Names in the order of the list file."""
        return tuple(self.by_name)

    def measure(self, video: str) -> VSPWSums:
        """The sums of one video, read frame by frame. DataError where a file is unfit."""
        sums = VSPWSums()
        size = None
        for frame, predicted, truth in self._frames(video):
            size = size or truth.shape
            if truth.shape != size:
                file = self.by_name[video].truth / f"{frame}.png"
                raise DataError(f"{file} has another size than the frames before it.")
            g, p, areas = joint_areas(truth, predicted)
            self._check_labels(self.by_name[video], frame, g, p)
            sums.semantic.update(p, g, areas)
            sums.steady.update(predicted, truth)
        sums.videos[video] = _video_row(sums)
        return sums

    def _frames(self, video: str) -> Iterator[tuple[str, LabelMap8, LabelMap8]]:
        """(name, predicted, true) of each frame; raw labels are mapped."""
        entry = self.by_name[video]
        for frame, predicted, truth in entry.maps(entry.frames):
            yield frame, predicted, _map_raw(truth) if self.protocol == "raw" else truth

    def _check_labels(self, video: MaskVideo, frame: str, true: Counts, predicted: Counts) -> None:
        wrong = predicted[predicted >= CLASSES]
        if len(wrong):
            raise DataError(
                f"{video.predicted / f'{frame}.png'} predicts the label {wrong[0]}; every pixel "
                f"must have a class in 0..{CLASSES - 1}, void is not allowed."
            )
        wrong = true[(true >= CLASSES) & (true != layout.VOID)]
        if len(wrong):
            raw = self.protocol == "raw"
            hint = "" if raw else "; masks as VSPW_480p ships them need the protocol raw"
            raise DataError(
                f"{video.truth / f'{frame}.png'} holds the label {wrong[0] + int(raw)}, which is "
                f"neither a class nor void{hint}."
            )

    def report(self, sums: VSPWSums) -> Report:
        """The figures of the public scripts, as shares."""
        scores = sums.semantic.compute()
        return Report(
            benchmark="vspw",
            protocol=self.protocol,
            authority=_AUTHORITY,
            unit="fraction",
            figures=_figures(scores, sums.steady),
            headline=("mIoU", "mVC8", "mVC16", "fwIoU", "Acc", "Acc_class"),
            ranking="mIoU",
            videos=sums.videos,
            classes=_class_rows(sums.semantic, scores),
            curves=sorted_curves(sums.videos, ("mIoU", "mVC8", "mVC16"), "0..1"),
            notes=_notes(sums),
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Classes counted from 1, void 0."""
        for frame, predicted, truth in self._frames(video):
            yield ComparedFrame(frame, _to_compare(truth), _to_compare(predicted))


def _map_raw(truth: LabelMap8) -> LabelMap8:
    labels = truth - np.uint8(1)  # 0 wraps to 255
    labels[truth == layout.VOID] = layout.VOID
    return labels


def _to_compare(labels: LabelMap8) -> IdMap:
    return np.where(labels == layout.VOID, 0, labels.astype(np.int32) + 1)


def _video_row(sums: VSPWSums) -> Row:
    scores, steady = sums.semantic.compute(), sums.steady.compute()
    clips = {f"mVC{length}": steady[length] for length in CLIPS}
    return {"mIoU": scores.miou, **clips, "Acc": scores.pixel_accuracy}


def _figures(scores: SemanticScores, steady: ConsistencyMeter) -> dict[str, float | int]:
    figures: dict[str, float | int] = {
        "Acc": scores.pixel_accuracy,
        "Acc_class": scores.class_accuracy,
        "mIoU": scores.miou,
        "fwIoU": scores.weighted_iou,
    }
    means = steady.compute()
    for length, values in steady.values.items():
        figures[f"mVC{length}"] = means[length]
        figures[f"mVC{length}_num_clips"] = len(values)
        figures[f"mVC{length}_num_nan_clips"] = sum(map(math.isnan, values))
    return figures


def _class_rows(semantic: SemanticMeter, scores: SemanticScores) -> dict[str, Row]:
    """Classes that occur in the ground truth."""
    names = get_vocabulary("vspw").names
    pixels = semantic.confusion.sum(axis=1)
    return {
        names[k]: {
            "IoU": float(scores.iou[k]),
            "Acc": float(semantic.confusion[k, k] / pixels[k]),
            "share of pixels": float(pixels[k] / pixels.sum()),
        }
        for k in np.flatnonzero(pixels)
    }


def _notes(sums: VSPWSums) -> tuple[str, ...]:
    notes = []
    confusion = sums.semantic.confusion[:, :CLASSES]
    alien = np.flatnonzero((confusion.sum(axis=0) > 0) & (confusion.sum(axis=1) == 0))
    if len(alien):
        names = ", ".join(get_vocabulary("vspw").names[k] for k in alien)
        notes.append(
            "Predicted, but nowhere in the ground truth, so no row of the mean (the covered "
            f"classes suffer): {names}."
        )
    for length in CLIPS:
        short = sum(math.isnan(row[f"mVC{length}"]) for row in sums.videos.values())
        if short:
            notes.append(
                f"{short} of {counted(len(sums.videos), 'video has', 'videos have')} no clip for "
                f"mVC{length}: no more than {length} frames, or no pixel whose true label lasts."
            )
    return tuple(notes)
