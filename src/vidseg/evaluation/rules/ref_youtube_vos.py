"""Ref-YouTube-VOS: one prediction a video for each of its expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.ref_youtube_vos import FILE, DescribedVideo, parts, read_part
from ...metrics.contours import LabelMap8, Transitions
from ...metrics.jf import JFMeter, score_pairs
from ...pictures.label_maps import read_small_label_map
from ..benchmark import Benchmark, ComparedFrame, Evaluation, Only, Report, counted_videos
from ..mask_folders import (
    check_frames,
    check_names,
    folders_in,
    frame_names,
    listed,
    predicted_folders,
    read_predicted,
    to_ids,
)
from ..object_report import mean_row, object_curves, object_means, object_rows, video_rows
from ..read_ahead import read_ahead


@dataclass(frozen=True)
class ReferredVideo:
    """A video and the predictions for its expressions, whose files are known to be there.

    Attributes:
        name: as its folder.
        frames: names of all frames.
        truth: folder with ``<frame>.png``.
        predicted: expression → folder with ``<frame>.png``.
        labels: expression → label of the object that it means.
    """

    name: str
    frames: tuple[str, ...]
    truth: Path
    predicted: Mapping[str, Path]
    labels: Mapping[str, int]

    def truth_labels(self, frame: str) -> LabelMap8:
        """[H, W] labels. Raises DataError where the file is unfit."""
        return read_small_label_map(self.truth / f"{frame}.png")

    def maps(self, frame: str) -> list[LabelMap8]:
        """The true labels and the mask of each expression, in the order of ``labels``."""
        truth = self.truth_labels(frame)
        return [truth, *(self.mask(expression, frame, truth) for expression in self.labels)]

    def mask(self, expression: str, frame: str, truth: LabelMap8) -> LabelMap8:
        """[H, W] 1 where the prediction is above 0. Raises DataError where the file is unfit."""
        predicted = read_predicted(self.predicted[expression] / f"{frame}.png", truth)
        return (predicted > 0).view(np.uint8)


@dataclass(frozen=True)
class RefYoutubeVosEvaluation:
    """Every expression on all frames of its video."""

    referred: tuple[ReferredVideo, ...]

    @property
    def videos(self) -> Sequence[str]:
        """Names in the order of the expressions' file."""
        return [video.name for video in self.referred]

    def measure(self, video: str) -> JFMeter:
        """J and F of the expressions of one video. Raises DataError for an unfit file."""
        one = self._video(video)
        meter = JFMeter()
        for _, (truth, *masks) in read_ahead(one.maps, one.frames):
            true = Transitions(truth)
            for (expression, label), mask in zip(one.labels.items(), masks, strict=True):
                region, accuracy = score_pairs(Transitions(mask), true, [(1, label)])
                meter.add((video, expression), region.tolist(), accuracy.tolist())
        return meter

    def report(self, sums: JFMeter) -> Report:
        """J, F and J&F, one weight an expression."""
        means = object_means(sums)
        rows = object_rows(means)
        last = {video.name: len(video.frames) - 1 for video in self.referred}
        per_expression = {name: [row["J"], row["F"]] for name, row in rows.items()}
        return Report(
            benchmark="ref_youtube_vos",
            protocol="all_frames",
            authority=(
                "Equals the functions and averages of henghuiding/MeViS; the server's program is "
                "not public."
            ),
            unit="fraction",
            figures={**mean_row(list(means.values())), "per_expression": per_expression},
            headline=("J&F", "J", "F"),
            ranking="J&F",
            videos=video_rows(means, self.videos),
            objects=rows,
            curves=object_curves(sums.region, sums.contour, last, "expression"),
            notes=("Objects are expressions: <video>_<expression>.",),
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """All frames of one expression after the other, named ``<expression>/<frame>``."""
        one = self._video(video)
        for expression, label in one.labels.items():
            for frame in one.frames:
                truth = one.truth_labels(frame)
                predicted = one.mask(expression, frame, truth)
                yield ComparedFrame(
                    f"{expression}/{frame}", to_ids(truth == label), to_ids(predicted)
                )

    def _video(self, name: str) -> ReferredVideo:
        return next(video for video in self.referred if video.name == name)


class RefYoutubeVos:
    """Ref-YouTube-VOS."""

    name = "ref_youtube_vos"
    protocols: Mapping[str, str] = {
        "all_frames": "All frames of a video, mean over expressions; fractions."
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`.

        ``truth`` is the dataset with one split, or the folder of a split; ``predicted`` holds
        ``Annotations/<video>/<expression>/<frame>.png`` or the videos.
        """
        there = parts(truth)
        if len(there) != 1:
            found = f"the splits {', '.join(part.split for part in there)}" if there else "none"
            raise DataError(
                f"One split with {FILE} is wanted in {truth}, which holds {found}; name its folder."
            )
        (part,) = there
        videos = read_part(part)
        if not videos:
            raise DataError(f'{part.source} has no videos under "videos".')
        folders = folders_in(part.maps)
        if not folders:
            raise DataError(f"{part.maps} holds no video of the ground truth.")
        predictions = predicted_folders(predicted)
        shown = {name: folders[name] for name in videos if name in folders}
        names = counted_videos(videos, only)
        check_names(shown, predictions, names)
        return RefYoutubeVosEvaluation(
            tuple(
                _pair(name, videos[name], folders[name], predictions[name], part.source)
                for name in names
            )
        )


def _pair(
    name: str, video: DescribedVideo, truth: Path, predicted: Path, meta: Path
) -> ReferredVideo:
    frames, labels = video.frames, _labels(name, video, meta)
    absent = sorted(set(frames) - set(frame_names(truth)))
    if absent:
        raise DataError(f"The ground truth {truth} lacks {listed([f'{a}.png' for a in absent])}.")
    folders = folders_in(predicted)
    unknown = sorted(set(folders) - set(labels))
    if unknown:
        raise DataError(
            f"{predicted} holds the expression {listed(unknown)}, which {meta} lacks; remove it."
        )
    missing = [expression for expression in labels if expression not in folders]
    if missing:
        raise DataError(f"{predicted} lacks a folder for the expression {listed(missing)}.")
    for expression in labels:
        check_frames(folders[expression], frames, frames)
    return ReferredVideo(name, frames, truth, folders, labels)


def _labels(name: str, video: DescribedVideo, meta: Path) -> dict[str, int]:
    """Expression → label of its object. Raises DataError for one that names none."""
    for sentence in video.sentences:
        if not sentence.track_ids:
            raise DataError(f"{meta}: expression {sentence.name} of {name} has no obj_id.")
    return {sentence.name: sentence.track_ids[0] for sentence in video.sentences}


def benchmarks() -> tuple[Benchmark, ...]:
    """The one benchmark of this module."""
    return (RefYoutubeVos(),)
