"""A benchmark without files: videos whose numbers the tests know.

``python -m tests.evaluation.fake ARGUMENTS`` runs the command line with it in the place of
davis2017; ``FAKE_SECONDS`` is how long a video takes, ``FAKE_BEGUN`` a folder that gets a file for
each that is begun.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vidseg.errors import DataError
from vidseg.evaluation.benchmark import ComparedFrame, Curve, Only, Report, counted_videos

VIDEOS = ("good", "bad", "middling")
SCORES = {"good": 0.75, "bad": 0.125, "middling": 0.5}


@dataclass
class Scores:
    """Scores in the order in which videos were merged."""

    by_video: dict[str, float] = field(default_factory=dict)
    processes: set[int] = field(default_factory=set)

    def merge(self, other: Scores) -> None:
        self.by_video.update(other.by_video)
        self.processes |= other.processes


@dataclass(frozen=True)
class FakeEvaluation:
    """Scores of :data:`SCORES`; the video "damaged" fails, and "deadly" kills its process."""

    videos: tuple[str, ...] = VIDEOS
    protocol: str = "plain"

    def measure(self, video: str) -> Scores:
        if "FAKE_BEGUN" in os.environ:
            Path(os.environ["FAKE_BEGUN"], video).touch()
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
        if video == "damaged":
            raise DataError("damaged/00003.png is cut short; copy it again.")
        if video == "deadly":
            os._exit(9)
        if video == "good":
            time.sleep(0.1)  # the first video comes last where several are measured at once
        return Scores({video: SCORES[video]}, {os.getpid()})

    def report(self, sums: Scores) -> Report:
        return report(sums.by_video, self.protocol)

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        for number in range(8):
            truth = np.zeros((24, 40), dtype=np.int32)
            truth[4:12, 4 + number : 14 + number] = 1
            predicted = np.zeros_like(truth)
            predicted[6:14, 4:14] = 1
            yield ComparedFrame(f"{number:05d}", truth, predicted)


def report(scores: dict[str, float], protocol: str = "plain") -> Report:
    """A report of some videos."""
    x = np.arange(8.0)
    curves = [
        Curve(f"J of {video}", "object 1", x, np.full(8, score), ("frame", "J"), video)
        for video, score in scores.items()
    ]
    whole = Curve("J over all", "all", x, np.linspace(0, 1, 8), ("frame", "J"))
    return Report(
        benchmark="davis2017",
        protocol=protocol,
        authority="Equals nothing; made up.",
        unit="fraction",
        figures={
            "J": {"Mean": sum(scores.values()) / len(scores), "n": len(scores)},
            "undefined": math.nan,
        },
        headline=("J/Mean", "J/n", "undefined"),
        ranking="J",
        videos={video: {"J": score, "frames": 8} for video, score in scores.items()},
        objects={},
        curves=(*curves, whole),
        notes=("Made up.",),
    )


class FakeBenchmark:
    """Opens :class:`FakeEvaluation`."""

    name = "davis2017"
    protocols = {"plain": "one", "other": "two"}  # noqa: RUF012

    def open(
        self, truth: Path, predicted: Path, protocol: str, only: Only = None
    ) -> FakeEvaluation:
        listed = predicted / "videos.txt"
        names = tuple(listed.read_text().split()) if listed.exists() else VIDEOS
        return FakeEvaluation(tuple(counted_videos(names, only)), protocol)


def benchmarks() -> tuple[FakeBenchmark, ...]:
    """As the modules of real benchmarks have it."""
    return (FakeBenchmark(),)


def install() -> None:
    """Puts the fake in the place of davis2017."""
    from vidseg.evaluation import registry

    registry._MODULES["davis2017"] = "fake"
    sys.modules["vidseg.evaluation.rules.fake"] = sys.modules[__name__]


if __name__ == "__main__":
    from vidseg.cli.main import main

    from . import fake

    fake.install()
    sys.exit(main())
