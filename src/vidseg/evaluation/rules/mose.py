"""MOSE: videos of crowded scenes, with objects that come late, go and come back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.mose import meta_file
from ...formats.layouts.object_meta import read_meta
from ...metrics.contours import Transitions
from ...metrics.mosev2 import MoseV2Meter
from ..benchmark import Benchmark, Curve, Evaluation, Only, Report, Row, counted_videos
from ..mask_folders import (
    MaskEvaluation,
    MaskVideo,
    every_frame,
    folders_in,
    frame_names,
    inner_frames,
    pair_videos,
    predicted_folders,
)
from ..object_report import object_curves
from ..report_notes import stray_notes
from .vos_benchmark import AUTHORITY, LateObjectEvaluation

_CLOSED = "the program of the MOSE v1 server is not public"


def all_but_the_last(frames: Sequence[str]) -> Sequence[str]:
    """MOSEv2 measures inner frames, and counts them from the first predicted one."""
    return frames[:-1] if len(frames) > 2 else ()


@dataclass(frozen=True)
class MoseV2Evaluation(MaskEvaluation):
    """The objects of ``meta.json`` on all frames but the first and the last.

    Attributes:
        objects: labels of each video.
    """

    objects: Mapping[str, tuple[int, ...]]

    def measure(self, video: str) -> MoseV2Meter:
        """The objects of one video. Raises DataError for an unfit file."""
        pair = self.pair(video)
        meter = MoseV2Meter()
        own = self.objects[video]
        labels: dict[Any, int] = {(video, str(label)): label for label in self.objects[video]}
        for _, *maps in pair.maps(inner_frames(pair.frames)):
            predicted, true = map(Transitions, maps)
            meter.update(labels, predicted, true)
            meter.strays |= {(video, label) for label in predicted.labels if label not in own}
        return meter

    def report(self, sums: MoseV2Meter) -> Report:
        """The numbers of score.py in percent, not rounded."""
        figures = {name: 100 * value for name, value in sums.compute().items()}
        undefined = [name for name, value in figures.items() if math.isnan(value)]
        objects = self._object_rows(sums)
        return Report(
            benchmark="mose",
            protocol="mosev2",
            authority="Equals score.py of henghuiding/MOSE-api (MOSEv2) before it rounds.",
            unit="percent",
            figures=figures,
            headline=tuple(figures),
            ranking="J&F_new",
            videos={
                video: _mean([row for (name, _), row in objects.items() if name == video])
                for video in self.videos
            },
            objects={"_".join(key): row for key, row in objects.items()},
            curves=self._curves(sums),
            notes=(
                *(f"No object gives {name} a value." for name in undefined),
                *stray_notes(sums.strays, self.predicted_folders),
            ),
        )

    def _object_rows(self, sums: MoseV2Meter) -> dict[tuple[str, str], Row]:
        rows: dict[tuple[str, str], Row] = {}
        for video, labels in self.objects.items():
            for label in labels:
                one = MoseV2Meter()
                one.objects[video] = sums.objects[video, str(label)]
                values = one.compute()
                rows[video, str(label)] = {name: 100 * value for name, value in values.items()}
        return rows

    def _curves(self, sums: MoseV2Meter) -> tuple[Curve, ...]:
        last = {pair.name: len(pair.frames) - 2 for pair in self.pairs}
        region = {key: row.region for key, row in sums.objects.items()}
        return object_curves(region, {key: row.strict for key, row in sums.objects.items()}, last)


def _mean(rows: Sequence[Row]) -> Row:
    """Mean of each number over the rows that have it."""
    values = {name: [row[name] for row in rows if not math.isnan(row[name])] for name in rows[0]}
    return {name: float(np.mean(found)) if found else math.nan for name, found in values.items()}


class Mose:
    """MOSE v1 and v2."""

    name = "mose"
    protocols: Mapping[str, str] = {
        "skip_first_last": "J&F as in DAVIS, without the first and last frame; percent.",
        "all_frames": "J&F over all frames; percent.",
        "mosev2": "The public program of MOSEv2 (needs meta.json); percent, not rounded.",
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`.

        ``truth`` holds ``Annotations/<video>/<frame>.png`` or the videos, ``predicted`` the videos
        or such a folder.
        """
        folders = _truth_folders(truth)
        needed = {"all_frames": every_frame, "mosev2": all_but_the_last}.get(protocol, inner_frames)
        pairs = pair_videos(
            folders, predicted_folders(predicted), counted_videos(folders, only), needed
        )
        if protocol == "mosev2":
            return MoseV2Evaluation(pairs, _objects(truth, pairs))
        return LateObjectEvaluation(
            benchmark=self.name,
            protocol=protocol,
            authority=f"{AUTHORITY}; {_CLOSED}.",
            pairs=pairs,
        )


def _truth_folders(root: Path) -> dict[str, Path]:
    for place in (root / "Annotations", root):
        folders = {name: path for name, path in folders_in(place).items() if frame_names(path)}
        if folders:
            return folders
    raise DataError(f"{root} holds no ground truth: Annotations/<video>/<frame>.png is expected.")


def _objects(truth: Path, pairs: Sequence[MaskVideo]) -> dict[str, tuple[int, ...]]:
    """Labels of each video. Raises DataError where ``meta.json`` does not fit the masks."""
    meta = meta_file(truth) or truth / "meta.json"
    videos = read_meta(meta)
    objects = {}
    for pair in pairs:
        if pair.name not in videos:
            raise DataError(f"{meta} does not list the objects of the video {pair.name}.")
        video = videos[pair.name]
        if video.length != len(pair.frames):
            raise DataError(
                f"{meta} says that {pair.name} has {video.length} frames; {pair.truth} "
                f"holds {len(pair.frames)}."
            )
        objects[pair.name] = tuple(video.objects)
        if not objects[pair.name]:
            raise DataError(f"{meta} lists no object of the video {pair.name}.")
    return objects


def benchmarks() -> tuple[Benchmark, ...]:
    """The one benchmark of this module."""
    return (Mose(),)
