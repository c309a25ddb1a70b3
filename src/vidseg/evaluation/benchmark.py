"""What a benchmark is to the runner: folders that are checked, videos that are measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..types import IdMap

if TYPE_CHECKING:
    from typing_extensions import Self

Row = Mapping[str, float]

Only = frozenset[str] | None
"""Names of the videos that count; None: all."""


def counted_videos(names: Iterable[str], only: Only) -> list[str]:
    """Those of the names that count, in their order."""
    return [name for name in names if only is None or name in only]


class Mergeable(Protocol):
    """Sums of one or several videos."""

    def merge(self, other: Self) -> None:
        """Adds what ``other`` gathered from later videos."""
        ...


M = TypeVar("M", bound=Mergeable)


@dataclass(frozen=True, eq=False)
class Curve:
    """A line of a plot.

    Attributes:
        title: names the plot; curves of one title share it.
        label: names the line.
        x, y: [N] values; NaN breaks the line.
        axes: what x and y are.
        video: the video that it is of; empty for a line of the whole set. Of many videos only
            the worst are drawn.
    """

    title: str
    label: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    axes: tuple[str, str]
    video: str = ""


def worst_first(rows: Mapping[str, Row], key: str) -> list[str]:
    """Names of the rows, the lowest value of ``key`` first; rows without a value come last.

    Equal values keep their order, and so do all rows where none has ``key``.
    """

    def rank(name: str) -> float:
        value = rows[name].get(key, math.nan)
        return math.inf if math.isnan(value) else value

    return sorted(rows, key=rank)


def sorted_curves(rows: Mapping[str, Row], keys: Sequence[str], unit: str) -> tuple[Curve, ...]:
    """How the figures spread over the videos: one line a key, its values in rising order.

    Videos in which a figure is not defined are left out of its line.
    """
    curves = []
    for key in keys:
        values = sorted(row[key] for row in rows.values() if not math.isnan(row[key]))
        if values:
            places = np.arange(1, len(values) + 1, dtype=np.float64)
            axes = "video, worst first", f"share ({unit})"
            curves.append(Curve("Videos", key, places, np.array(values), axes))
    return tuple(curves)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers of a benchmark.

    Attributes:
        benchmark, protocol: names.
        authority: one sentence: which official program or convention these numbers equal.
        unit: of every figure that is a share: 0..1 or 0..100, as the official program prints it.
        figures: the official program's own key names; may nest. NaN where nothing is defined.
        headline: keys of ``figures`` for the table, most important first; "VPQ/All" reaches into
            a nested one.
        ranking: key of the rows of ``videos`` that says which video went worst, lower is worse.
        videos, classes, objects: breakdowns, name → figures in ``unit``; empty where the
            benchmark has none.
        curves: for the plots.
        notes: what a reader must know, one sentence each (a class left out, a rule chosen).
    """

    benchmark: str
    protocol: str
    authority: str
    unit: Literal["fraction", "percent"]
    figures: Mapping[str, Any]
    headline: tuple[str, ...]
    ranking: str = ""
    videos: Mapping[str, Row] = field(default_factory=dict)
    classes: Mapping[str, Row] = field(default_factory=dict)
    objects: Mapping[str, Row] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ComparedFrame:
    """One frame for people to look at: ids or classes of truth and prediction, 0 = nothing.

    Attributes:
        name: of the frame, without file ending.
        truth, predicted: [H, W] ids or classes.
        same_ids: whether a number means the same object or class in both maps. Where it does not,
            objects are paired by their overlap for the picture.
    """

    name: str
    truth: IdMap
    predicted: IdMap
    same_ids: bool = True


class Evaluation(Protocol, Generic[M]):
    """Ground truth and prediction of one benchmark, opened and checked. Can be pickled."""

    @property
    def videos(self) -> Sequence[str]:
        """Names in the order in which sums are formed."""
        ...

    def measure(self, video: str) -> M:
        """Reads the files of one video and returns the sums of it alone.

        Raises DataError, naming the file, where one is missing, damaged or of another size.
        """
        ...

    def report(self, sums: M) -> Report:
        """The numbers of the merged sums of all videos."""
        ...

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """The frames of a video, decoded one at a time, for overlay strips."""
        ...


class Benchmark(Protocol):
    """A named benchmark."""

    @property
    def name(self) -> str:
        """As on the command line, for example ``davis2017``."""
        ...

    @property
    def protocols(self) -> Mapping[str, str]:
        """Name → one sentence of what it is; the first is the default."""
        ...

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> Evaluation[Any]:
        """Finds the files of both folders, and in them the videos ``only``; None for all.

        Raises DataError, naming the file or folder: no ground truth there, nothing predicted,
        a predicted video that the ground truth lacks, a video without a prediction.
        """
        ...
