"""VIPOSeg: panoptic video object segmentation, IoU and boundary IoU (Xu et al., IJCAI 2023)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts import viposeg as layout
from ...metrics.viposeg import GROUPS, PairSums, PanopticVOSMeter, PanopticVOSScores
from ...pictures.label_maps import read_small_label_map
from ...vocabularies import get_vocabulary
from ..benchmark import ComparedFrame, Curve, Only, Report, Row, counted_videos, sorted_curves
from ..mask_folders import (
    MaskVideo,
    every_frame,
    folders_in,
    frame_names,
    pair_videos,
    predicted_folders,
)
from ..report_notes import counted, stray_notes
from .viposeg_classes import ClassSplit, read_split

_PROTOCOLS = {
    "official": "mean over (frame, object) pairs of each of four groups, and G, their mean.",
}
_AUTHORITY = (
    "vop_eval.py --eval_decay of VIPOSeg-Benchmark (as shares; the script prints percent): objects "
    "count from the frame after the one in which they are given."
)


def benchmarks() -> tuple[VIPOSeg, ...]:
    """The benchmark of this module."""
    return (VIPOSeg(),)


@dataclass(frozen=True)
class VIPOSeg:
    """``<truth>/Annotations_gt/<video>/*.png`` against ``<predicted>/<video>/*.png``.

    ``Annotations/<video>/*.png`` of the truth give the objects, ``obj_class.json`` their classes.
    """

    name: str = "viposeg"
    protocols: Mapping[str, str] = field(default_factory=lambda: _PROTOCOLS)

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> VIPOSegEvaluation:
        """Finds the videos and reads the classes of the objects. See Benchmark."""
        part = next(iter(layout.parts(truth, "valid").values()), truth)
        root = part / layout.ALL_MAPS
        folders = folders_in(root)
        if not folders:
            raise DataError(f"{root} holds no video of the ground truth.")
        videos = pair_videos(
            folders, predicted_folders(predicted), counted_videos(folders, only), every_frame
        )
        given = {video.name: part / layout.GIVEN / video.name for video in videos}
        for video in videos:
            _check_given(given[video.name], video)
        classes = layout.read_objects(part)
        by_name = {video.name: video for video in videos}
        source = layout.class_file(part)
        return VIPOSegEvaluation(protocol, source, read_split(part), classes, by_name, given)


def _check_given(folder: Path, video: MaskVideo) -> None:
    """Raises DataError where no frame gives objects, or one that the video lacks."""
    frames = frame_names(folder)
    if not frames:
        raise DataError(f"{folder} holds no PNG that gives the objects of the video.")
    for frame in frames:
        if frame not in video.frames:
            raise DataError(f"{folder / f'{frame}.png'} is of a frame that {video.truth} lacks.")


@dataclass(eq=False)
class VIPOSegSums:
    """Sums of one or several videos."""

    meter: PanopticVOSMeter = field(default_factory=PanopticVOSMeter)
    repeated: int = 0  # objects that are given more than once

    def merge(self, other: VIPOSegSums) -> None:
        """Adds what was gathered from later videos."""
        self.meter.merge(other.meter)
        self.repeated += other.repeated


@dataclass(frozen=True)
class VIPOSegEvaluation:
    """Both sides of VIPOSeg, opened. See Evaluation."""

    protocol: str
    source: Path
    split: ClassSplit = field(repr=False)
    classes: Mapping[str, Mapping[int, int]] = field(repr=False)
    by_name: Mapping[str, MaskVideo] = field(repr=False)
    given: Mapping[str, Path] = field(repr=False)

    @property
    def videos(self) -> tuple[str, ...]:
        """Names, sorted."""
        return tuple(self.by_name)

    def measure(self, video: str) -> VIPOSegSums:
        """The sums of one video, read frame by frame. DataError where a file is unfit."""
        sums = VIPOSegSums()
        entry = self.by_name[video]
        classes = self.classes.get(video, {})
        groups = {id: self.split.group(row, video) for id, row in classes.items()}
        sums.meter.start_video(video, groups)
        giving = set(frame_names(self.given[video]))
        known: set[int] = set()
        for frame, predicted, truth in entry.maps(entry.frames):
            new = self._new_objects(video, frame) if frame in giving else []
            sums.meter.update(predicted, truth, new)
            sums.repeated += len(known.intersection(new))
            known.update(new)
        return sums

    def _new_objects(self, video: str, frame: str) -> list[int]:
        """Ids of the objects that a frame gives; each has a class."""
        path = self.given[video] / f"{frame}.png"
        ids = [id for id in np.unique(read_small_label_map(path)).tolist() if id]
        for id in ids:
            if id not in self.classes.get(video, {}):
                raise DataError(
                    f"{path} gives the object {id}, to which {self.source} has no class."
                )
        return ids

    def report(self, sums: VIPOSegSums) -> Report:
        """The figures of the public script, as shares."""
        scores = sums.meter.compute()
        videos = self._rows_by(sums, lambda video, _: video)
        objects = self._rows_by(sums, lambda video, id: f"{video}_{id}")
        return Report(
            benchmark="viposeg",
            protocol=self.protocol,
            authority=_AUTHORITY,
            unit="fraction",
            figures=_figures(scores),
            headline=(
                "overall_iou",
                *(f"{group}_{kind}" for kind in ("miou", "biou") for group in GROUPS),
                "decay",
            ),
            ranking="iou",
            videos=videos,
            classes=self._rows_by(sums, self._class_name),
            objects=objects,
            curves=(*_curves(scores), *sorted_curves(videos, ("miou", "biou"), "0..1")),
            notes=(*_notes(sums, scores), *self._strays(sums)),
        )

    def _rows_by(self, sums: VIPOSegSums, name: Callable[[str, int], str]) -> dict[str, Row]:
        """Means over the (frame, object) pairs of the objects that have one name."""
        totals: dict[str, PairSums] = {}
        for (video, id), found in sums.meter.objects.items():
            totals.setdefault(name(str(video), id), PairSums()).merge(found)
        rows: dict[str, Row] = {}
        for key, total in totals.items():
            scores = total.scores()
            rows[key] = {"iou": scores.mean, "miou": scores.region, "biou": scores.boundary}
        return rows

    def _strays(self, sums: VIPOSegSums) -> tuple[str, ...]:
        folders = {name: video.predicted for name, video in self.by_name.items()}
        return stray_notes(sums.meter.strays, folders)

    def _class_name(self, video: str, id: int) -> str:
        return get_vocabulary("viposeg").names[self.classes[video][id]]

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """Object ids, the same in truth and prediction."""
        return self.by_name[video].compare()


def _figures(scores: PanopticVOSScores) -> dict[str, Any]:
    groups = scores.groups
    return {
        **{f"{group}_miou": groups[group].region for group in GROUPS},
        **{f"{group}_biou": groups[group].boundary for group in GROUPS},
        **{f"{group}_iou": groups[group].mean for group in GROUPS},
        "overall_iou": scores.overall,
        "decay": scores.decay,
    }


def _curves(scores: PanopticVOSScores) -> Iterator[Curve]:
    if scores.by_count:
        counts = np.array([*scores.by_count], dtype=np.float64)
        values = np.array([*scores.by_count.values()])
        axes = "known objects", "mean of IoU and boundary IoU (0..1)"
        yield Curve("IoU over the number of objects", "all objects", counts, values, axes)


def _notes(sums: VIPOSegSums, scores: PanopticVOSScores) -> tuple[str, ...]:
    notes = []
    empty = [group for group in GROUPS if math.isnan(scores.groups[group].mean)]
    if empty:
        notes.append(f"No object is in {', '.join(empty)}, so that the mean is not defined.")
    outside = sum(group is None for group in sums.meter.groups.values())
    if outside:
        objects = counted(outside, "object has", "objects have")
        notes.append(f"{objects} a class of no group and a part in the decay only.")
    unseen = sum(not found.pairs for found in sums.meter.objects.values())
    if unseen:
        objects = counted(unseen, "object is", "objects are")
        notes.append(f"{objects} given in the last frame of a video only.")
    if sums.repeated:
        times = counted(sums.repeated, "time", "times")
        notes.append(
            f"{times} an object is given again; as in the official script it counts once more from "
            "then on."
        )
    if math.isinf(scores.decay):
        notes.append("The decay is infinite: at some number of objects no pixel is right.")
    return tuple(notes)
