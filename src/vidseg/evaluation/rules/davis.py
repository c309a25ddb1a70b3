"""DAVIS 2016 and 2017 with masks given in the first frame; names of all DAVIS benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.davis import DAVIS2016, DAVIS2017, VOID
from ...metrics.contours import Transitions
from ...metrics.jf import JFMeter, sequence_statistics
from ..benchmark import Benchmark, ComparedFrame, Evaluation, Only, Report
from ..mask_folders import MaskEvaluation, inner_frames, to_ids
from ..object_report import (
    HEADLINE,
    ObjectKey,
    davis_figures,
    object_curves,
    object_means,
    object_rows,
    per_object,
    video_rows,
)
from .davis_folders import find_truth, pair_davis
from .davis_proposals import Davis2017Unsupervised, RefDavis
from .vos_benchmark import AUTHORITY, LateObjectEvaluation


@dataclass(frozen=True)
class _Semisupervised(MaskEvaluation):
    """What both years share: how videos are reported."""

    notes: tuple[str, ...]

    def build(
        self,
        benchmark: str,
        authority: str,
        meter: JFMeter,
        figures: Mapping[str, Any],
        *,
        by_object: bool,
    ) -> Report:
        """The report of the values of all objects."""
        means = object_means(meter)
        last = {pair.name: len(pair.frames) - 2 for pair in self.pairs}
        empty = set(self.videos) - {video for video, _ in means}
        notes = [f"{video} has no object in its first frame and does not count." for video in empty]
        return Report(
            benchmark=benchmark,
            protocol="official",
            authority=authority,
            unit="fraction",
            figures=figures,
            headline=HEADLINE,
            ranking="J&F",
            videos=video_rows(means, self.videos),
            objects=object_rows(means) if by_object else {},
            curves=object_curves(meter.region, meter.contour, last),
            notes=(*self.notes, *sorted(notes)),
        )


@dataclass(frozen=True)
class Davis2016Evaluation(_Semisupervised):
    """One foreground, everything above 0, on all frames but the first and the last."""

    def measure(self, video: str) -> JFMeter:
        """J and F of one video. Raises DataError for an unfit file."""
        pair = self.pair(video)
        meter = JFMeter()
        key: ObjectKey = (video, "1")
        for _, *maps in pair.maps(pair.needed):
            predicted, true = ((labels > 0).view(np.uint8) for labels in maps)
            meter.update_maps({key: 1}, Transitions(predicted), Transitions(true))
        return meter

    def report(self, sums: JFMeter) -> Report:
        """The numbers of the DAVIS 2016 program."""
        rows = {
            video: {"J": _letters(sums.region[key]), "F": _letters(sums.contour[key])}
            for video in self.videos
            for key in [(video, "1")]
        }
        return self.build(
            "davis2016",
            "Equals fperazzi/davis, the official program of DAVIS 2016.",
            sums,
            {**davis_figures(sums.compute()), "per_sequence": rows},
            by_object=False,
        )


def _letters(values: Sequence[float]) -> dict[str, float]:
    row = sequence_statistics(values)
    return {"M": row.mean, "R": row.recall, "D": row.decay}


@dataclass(frozen=True)
class Davis2017Evaluation(_Semisupervised):
    """The objects 1..n of the first frame, on all frames but the first and the last."""

    def measure(self, video: str) -> JFMeter:
        """J and F of the objects of one video.

        Raises DataError for an unfit file, or a label that the first frame lacks.
        """
        pair = self.pair(video)
        first = pair.truth_labels(pair.frames[0])
        objects = int(first[first != VOID].max(initial=0))
        labels: dict[Any, int] = {(video, str(k)): k for k in range(1, objects + 1)}
        meter = JFMeter()
        for frame, *maps in pair.maps(pair.needed):
            predicted, true = map(Transitions, maps)
            largest = max(predicted.labels, default=0)
            if largest > objects:
                raise DataError(
                    f"{pair.predicted / frame}.png holds label {largest}, but the video has "
                    f"{objects} objects; the official program accepts no other label."
                )
            if labels:
                meter.update_maps(labels, predicted, true)
        return meter

    def report(self, sums: JFMeter) -> Report:
        """The numbers of the DAVIS 2017 program."""
        if not sums.region:
            raise DataError("No first frame of the ground truth shows an object.")
        return self.build(
            "davis2017",
            "Equals davisvideochallenge/davis2017-evaluation, task semi-supervised.",
            sums,
            {**davis_figures(sums.compute()), **per_object(sums)},
            by_object=True,
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """The measured frames; void is nothing."""
        pair = self.pair(video)
        for frame, predicted, true in pair.maps(pair.needed):
            true = np.where(true == VOID, np.uint8(0), true)
            yield ComparedFrame(frame, to_ids(true), to_ids(predicted))


class Davis2016:
    """Single-object DAVIS."""

    name = "davis2016"
    protocols: Mapping[str, str] = {
        "official": "The program of DAVIS 2016: all above 0 is foreground; fractions.",
        "vos_benchmark": "The tool hkchengrex/vos-benchmark: labels must be the same; percent.",
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`."""
        found = find_truth(truth, DAVIS2016)
        pairs, notes = pair_davis(found, predicted, inner_frames, only)
        if protocol == "vos_benchmark":
            return LateObjectEvaluation(
                benchmark=self.name,
                protocol=protocol,
                authority=f"{AUTHORITY}.",
                pairs=pairs,
                notes=notes,
            )
        return Davis2016Evaluation(pairs, notes)


class Davis2017:
    """Multi-object DAVIS, masks of the first frame given."""

    name = "davis2017"
    protocols: Mapping[str, str] = {
        "official": "The program of DAVIS 2017, task semi-supervised; fractions."
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`."""
        found = find_truth(truth, DAVIS2017)
        return Davis2017Evaluation(*pair_davis(found, predicted, inner_frames, only))


def benchmarks() -> tuple[Benchmark, ...]:
    """All benchmarks on DAVIS."""
    return Davis2016(), Davis2017(), Davis2017Unsupervised(), RefDavis()
