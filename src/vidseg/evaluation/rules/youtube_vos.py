"""YouTube-VOS: J and F apart for categories that the training set has and that it lacks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts import youtube_vos
from ...formats.layouts.object_meta import MAPS, ListedVideo, read_meta
from ...metrics.contours import Transitions
from ...metrics.jf import JFMeter
from ..benchmark import Benchmark, Evaluation, Only, Report, Row, counted_videos
from ..mask_folders import (
    MaskEvaluation,
    MaskVideo,
    check_frames,
    check_names,
    folders_in,
    frame_names,
    predicted_folders,
)
from ..object_report import (
    ObjectKey,
    mean_row,
    object_curves,
    object_means,
    object_rows,
    video_rows,
)
from ..report_notes import counted, stray_notes

_AUTHORITY = (
    "J and F of each frame equal DAVIS 2017; the server's program is not public, so which frames "
    "count follows the text of youtube-vos.org"
)


@dataclass(frozen=True)
class VosObject:
    """One object of a video.

    Attributes:
        label: in both maps, 1..255.
        category: its name.
        frames: those that are measured.
    """

    label: int
    category: str
    frames: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class YoutubeVosEvaluation(MaskEvaluation):
    """Every object on the annotated frames after its first one.

    Attributes:
        protocol: as in the report.
        objects: of each video.
        seen: categories of the training set.
    """

    protocol: str
    objects: Mapping[str, tuple[VosObject, ...]]
    seen: frozenset[str]

    def measure(self, video: str) -> JFMeter:
        """J and F of the objects of one video. Raises DataError for an unfit file."""
        pair = self.pair(video)
        meter = JFMeter()
        own = {one.label for one in self.objects[video]}
        for frame, *maps in pair.maps(pair.needed):
            labels: dict[Any, int] = {
                (video, str(one.label)): one.label
                for one in self.objects[video]
                if frame in one.frames
            }
            predicted, true = map(Transitions, maps)
            meter.update_maps(labels, predicted, true)
            meter.strays |= {(video, label) for label in predicted.labels if label not in own}
        return meter

    def report(self, sums: JFMeter) -> Report:
        """J_s, J_u, F_s, F_u and their mean G in percent, one weight an object."""
        means = object_means(sums, 100.0)
        if not means:
            raise DataError("No object has an annotated frame after its first one.")
        category = {
            (video, str(one.label)): one.category
            for video, objects in self.objects.items()
            for one in objects
        }
        missing = len(category) - len(means)
        last = {pair.name: pair.frames.index(pair.needed[-1]) for pair in self.pairs if pair.needed}
        figures = self._figures(means, category)
        lost = counted(missing, "object has", "objects have")
        notes = [f"{lost} no frame to measure and no part in the means."] if missing else []
        if math.isnan(figures["G"]):
            notes.append("There are no objects of seen or none of unseen categories.")
        return Report(
            benchmark="youtube_vos",
            protocol=self.protocol,
            authority=f"{_AUTHORITY}.",
            unit="percent",
            figures={**figures, "objects_without_evaluated_frames": missing},
            headline=("G", "J_s", "J_u", "F_s", "F_u"),
            ranking="J&F",
            videos=video_rows(means, self.videos),
            classes=_class_rows(means, category),
            objects=object_rows(means),
            curves=object_curves(sums.region, sums.contour, last),
            notes=(*notes, *stray_notes(sums.strays, self.predicted_folders)),
        )

    def _figures(
        self, means: Mapping[ObjectKey, Row], category: Mapping[ObjectKey, str]
    ) -> dict[str, float]:
        groups: dict[bool, list[Row]] = {True: [], False: []}
        for key, row in means.items():
            groups[category[key] in self.seen].append(row)
        seen, unseen = mean_row(groups[True]), mean_row(groups[False])
        figures = {"J_s": seen["J"], "J_u": unseen["J"], "F_s": seen["F"], "F_u": unseen["F"]}
        return {**figures, "G": float(np.mean(list(figures.values())))}


def _class_rows(
    means: Mapping[ObjectKey, Row], category: Mapping[ObjectKey, str]
) -> dict[str, Row]:
    by_class: dict[str, list[Row]] = {}
    for key, row in means.items():
        by_class.setdefault(category[key], []).append(row)
    return {name: mean_row(by_class[name]) for name in sorted(by_class)}


class YoutubeVos:
    """YouTube-VOS 2018 and 2019."""

    name = "youtube_vos"
    protocols: Mapping[str, str] = {
        "after_first": "Annotated frames after the object's first one; percent.",
        "after_first_skip_last": "The same without the last annotated frame; percent.",
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`.

        ``truth`` holds ``meta.json``, ``Annotations`` and ``seen_categories.json``; in its stead
        the ``train/meta.json`` of the dataset beside ``truth`` will do.
        """
        meta = youtube_vos.meta_file(truth)
        videos = read_meta(meta)
        if not videos:
            raise DataError(f'{meta} has no videos under "videos".')
        folders = folders_in(truth / MAPS)
        predictions = predicted_folders(predicted)
        names = counted_videos(videos, only)
        check_names(folders, predictions, names)
        unlisted = sorted(set(folders) - set(videos))
        if unlisted:
            raise DataError(f"{meta} does not list the video {folders[unlisted[0]]}.")
        pairs, objects = [], {}
        for name in names:
            video, frames = videos[name], frame_names(folders[name])
            objects[name] = _measured_objects(video, frames, meta, name, protocol)
            chosen = {frame for one in objects[name] for frame in one.frames}
            needed = tuple(frame for frame in frames if frame in chosen)
            check_frames(predictions[name], frames, needed)
            pairs.append(MaskVideo(name, tuple(frames), needed, folders[name], predictions[name]))
        seen = youtube_vos.seen_categories(truth)
        return YoutubeVosEvaluation(
            protocol=protocol, pairs=tuple(pairs), objects=objects, seen=seen
        )


def _measured_objects(
    listed: ListedVideo, frames: Sequence[str], meta: Path, video: str, protocol: str
) -> tuple[VosObject, ...]:
    """The objects of a video with the frames that count. Raises DataError naming the object."""
    if not listed.objects:
        raise DataError(f"{meta} lists no object of the video {video}.")
    found = []
    for label, one in listed.objects.items():
        if not one.frames:
            raise DataError(f"{meta}: object {label} of {video} has no frames.")
        if one.category is None:
            raise DataError(f"{meta}: object {label} of {video} has no category.")
        if one.frames[0] not in frames:
            raise DataError(
                f"{meta}: object {label} of {video} starts at frame {one.frames[0]}, which has no "
                "annotation."
            )
        after = list(frames[frames.index(one.frames[0]) + 1 :])
        if protocol == "after_first_skip_last":
            after = [frame for frame in after if frame != frames[-1]]
        found.append(VosObject(label, one.category, tuple(after)))
    return tuple(found)


def benchmarks() -> tuple[Benchmark, ...]:
    """The one benchmark of this module."""
    return (YoutubeVos(),)
