"""DAVIS 2017 without given masks, and Ref-DAVIS, which is measured in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...formats.layouts import ref_davis
from ...formats.layouts.davis import UNSUPERVISED
from ...formats.layouts.ref_youtube_vos import parts, read_part
from ...metrics.jf import JFMeter
from ...metrics.proposals import VOID, ProposalMeter
from ..benchmark import ComparedFrame, Curve, Evaluation, Only, Report, Row
from ..mask_folders import MaskVideo, every_frame, folders_in, read_predicted, to_ids
from ..object_report import (
    HEADLINE,
    davis_figures,
    mean_row,
    object_curves,
    object_means,
    object_rows,
    per_object,
    video_rows,
)
from ..read_ahead import read_ahead
from .davis_folders import DavisTruth, find_truth, pair_davis

if TYPE_CHECKING:
    from ...metrics.contours import LabelMap8

MEAN = "mean_over_annotators"

_AUTHORITY = "davisvideochallenge/davis2017-evaluation, task unsupervised"


@dataclass
class ByAnnotator:
    """Values of the objects of one or several videos, apart for each set of predictions."""

    meters: dict[str, JFMeter]

    def merge(self, other: ByAnnotator) -> None:
        """Adds what ``other`` gathered from later videos."""
        for name, meter in other.meters.items():
            self.meters[name].merge(meter)


@dataclass(frozen=True)
class ProposalEvaluation:
    """Proposals of one or several annotators' expressions, on all frames.

    Attributes:
        benchmark, authority: as in the report.
        annotators: name → videos; "" where there is but one set of predictions.
        notes: as in the report.
    """

    benchmark: str
    authority: str
    annotators: Mapping[str, tuple[MaskVideo, ...]]
    notes: tuple[str, ...]

    @property
    def videos(self) -> Sequence[str]:
        """Names in the order of the set's list."""
        return [pair.name for pair in next(iter(self.annotators.values()))]

    def measure(self, video: str) -> ByAnnotator:
        """J and F of the objects of one video.

        Raises DataError for an unfit file or a label above 20.
        """
        pairs = self._pairs(video)
        meters = {name: ProposalMeter() for name in pairs}
        for meter in meters.values():
            meter.start_video(video)
        one = next(iter(pairs.values()))
        answers = [pair.predicted for pair in pairs.values()]
        for frame, (truth, *maps) in read_ahead(partial(_maps, one, answers), one.needed):
            for pair, meter, predicted in zip(pairs.values(), meters.values(), maps, strict=True):
                path = pair.predicted / f"{frame}.png"
                try:
                    meter.update(predicted, truth)
                except ValueError as error:
                    raise DataError(f"{path} cannot be measured: {error}") from error
        return ByAnnotator({name: meter.assigned() for name, meter in meters.items()})

    def report(self, sums: ByAnnotator) -> Report:
        """The numbers of the DAVIS 2017 program, and their means where there are several."""
        one = next(iter(sums.meters.values()))
        if not one.region:
            raise DataError("No first frame of the ground truth shows an object.")
        figures = {
            name: {**davis_figures(meter.compute()), **per_object(meter)}
            for name, meter in sums.meters.items()
        }
        several = "" not in figures
        empty = set(self.videos) - {video for video, _ in object_means(one)}
        notes = [f"{video} has no object in its first frame and does not count." for video in empty]
        return Report(
            benchmark=self.benchmark,
            protocol="official",
            authority=self.authority,
            unit="fraction",
            figures={MEAN: _mean(figures), **figures} if several else figures[""],
            headline=tuple(f"{MEAN}/{key}" for key in HEADLINE) if several else HEADLINE,
            ranking="J&F",
            videos=self._video_rows(sums),
            objects={
                f"{name}/{row}" if name else row: values
                for name, meter in sums.meters.items()
                for row, values in object_rows(object_means(meter)).items()
            },
            curves=self._curves(sums),
            notes=(
                "The numbers of a video's objects follow the proposals that were assigned to them.",
                *self.notes,
                *sorted(notes),
            ),
        )

    def _video_rows(self, sums: ByAnnotator) -> dict[str, Row]:
        tables = [video_rows(object_means(m), self.videos) for m in sums.meters.values()]
        return {video: mean_row([table[video] for table in tables]) for video in self.videos}

    def _curves(self, sums: ByAnnotator) -> tuple[Curve, ...]:
        pairs = next(iter(self.annotators.values()))
        last = {pair.name: len(pair.frames) - 1 for pair in pairs}
        return tuple(
            curve
            for name, meter in sums.meters.items()
            for curve in object_curves(
                meter.region, meter.contour, last, f"{name} object" if name else "object"
            )
        )

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """The frames with the first annotator's predictions; void is nothing in both maps."""
        pair = next(iter(self._pairs(video).values()))
        for frame, predicted, true in pair.maps(pair.needed):
            void = true == VOID
            shown, proposed = (to_ids(np.where(void, 0, ids)) for ids in (true, predicted))
            yield ComparedFrame(frame, shown, proposed, same_ids=False)

    def _pairs(self, video: str) -> dict[str, MaskVideo]:
        return {
            name: next(pair for pair in pairs if pair.name == video)
            for name, pairs in self.annotators.items()
        }


def _maps(video: MaskVideo, answers: Sequence[Path], frame: str) -> list[LabelMap8]:
    """The true map of a frame and the predicted one in each of the folders."""
    truth = video.truth_labels(frame)
    return [truth, *(read_predicted(folder / f"{frame}.png", truth) for folder in answers)]


def _mean(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in figures.values()])) for key in HEADLINE}


class Davis2017Unsupervised:
    """Multi-object DAVIS, nothing given: up to 20 proposals a video."""

    name = "davis2017_unsup"
    protocols: Mapping[str, str] = {
        "official": "The program of DAVIS 2017, task unsupervised; fractions."
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`."""
        found = find_truth(truth, UNSUPERVISED)
        pairs, notes = pair_davis(found, predicted, every_frame, only)
        return ProposalEvaluation(self.name, f"Equals {_AUTHORITY}.", {"": pairs}, notes)


def _ref_davis_truth(root: Path) -> DavisTruth:
    """The masks of DAVIS, in Ref-DAVIS as released, converted or alone."""
    if not ref_davis.is_converted(root):
        return find_truth(ref_davis.davis_folder(root), UNSUPERVISED)
    for part in parts(root, "valid"):
        videos, folders = read_part(part), folders_in(part.maps)
        return DavisTruth({name: folders[name] for name in videos if name in folders}, ())
    raise DataError(
        f"{root} holds no sentences of the split valid, on which Ref-DAVIS is measured."
    )


class RefDavis:
    """Ref-DAVIS17: one prediction a video for the expressions of each of four annotators."""

    name = "ref_davis"
    protocols: Mapping[str, str] = {
        "official": "DAVIS 2017 unsupervised once for each anno_0 .. anno_3, then the mean; "
        "fractions."
    }

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files; see :class:`Benchmark`.

        ``predicted`` holds anno_0 and so on, or the videos of one annotator.
        """
        found = _ref_davis_truth(truth)
        names = [name for name in folders_in(predicted) if re.fullmatch(r"anno_\d+", name)]
        annotators: dict[str, tuple[MaskVideo, ...]] = {}
        notes: tuple[str, ...] = ()
        for name in names or [""]:
            annotators[name], notes = pair_davis(found, predicted / name, every_frame, only)
        if len(names) not in (0, ref_davis.ANNOTATORS):
            notes += (f"Ref-DAVIS has {ref_davis.ANNOTATORS} annotators; {len(names)} are given.",)
        if not names:
            notes += ("These are the numbers of one annotator; Ref-DAVIS is the mean of four.",)
        authority = f"Equals {_AUTHORITY}, once an annotator and averaged as ReferFormer does."
        return ProposalEvaluation(self.name, authority, annotators, notes)
