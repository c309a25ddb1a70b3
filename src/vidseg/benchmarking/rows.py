"""What each benchmark asks of a model: its dataset, split, task, classes and form of answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..datasets.class_lists import PUBLISHED
from ..errors import DataError, nearest_hint
from ..types import Task

Form = Literal[
    "tracks", "classes", "panoptic", "step", "objects", "proposals", "sentences", "annotators",
    "burst",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BenchmarkRow:
    """A benchmark.

    Attributes:
        dataset: its name among the datasets, which says the layout of the release.
        split: the one that papers report.
        task: what the model is asked.
        form: how the answers are written; see :mod:`vidseg.benchmarking.answers`.
        protocol: of the evaluation, where the first one is not meant for the release as it is.
    """

    dataset: str
    split: str
    task: Task
    form: Form
    protocol: str | None = None

    @property
    def classes(self) -> str | None:
        """The vocabulary that is asked: ``own`` for that of the release, None for no classes."""
        if not self.task.by_category:
            return None
        # Proposals have no class; COCO's names find most of what DAVIS shows.
        return "coco" if self.form == "proposals" else PUBLISHED[self.dataset]


def _tracks(dataset: str) -> BenchmarkRow:
    return BenchmarkRow(dataset=dataset, split="valid", task=Task.VIS, form="tracks")


def _objects(dataset: str, split: str, task: Task = Task.VOS) -> BenchmarkRow:
    return BenchmarkRow(dataset=dataset, split=split, task=task, form="objects")


ROWS: dict[str, BenchmarkRow] = {
    "ytvis2019": _tracks("ytvis2019"),
    "ytvis2021": _tracks("ytvis2021"),
    "ytvis2022": _tracks("ytvis2022"),
    "ovis": _tracks("ovis"),
    "vspw": BenchmarkRow(
        dataset="vspw", split="val", task=Task.VSS, form="classes", protocol="raw"
    ),
    "vipseg": BenchmarkRow(dataset="vipseg", split="val", task=Task.VPS, form="panoptic"),
    "kitti_step": BenchmarkRow(dataset="kitti_step", split="val", task=Task.VPS, form="step"),
    "davis2016": _objects("davis2016", "val"),
    "davis2017": _objects("davis2017", "val"),
    "davis2017_unsup": BenchmarkRow(
        dataset="davis2017_unsup", split="val", task=Task.VIS, form="proposals"
    ),
    "youtube_vos": _objects("youtube_vos", "valid"),
    "mose": _objects("mose", "valid"),
    "viposeg": _objects("viposeg", "valid", Task.PVOS),
    "ref_davis": BenchmarkRow(
        dataset="ref_davis", split="valid", task=Task.REFVOS, form="annotators"
    ),
    "ref_youtube_vos": BenchmarkRow(
        dataset="ref_youtube_vos", split="valid", task=Task.REFVOS, form="sentences"
    ),
    "burst": BenchmarkRow(dataset="burst", split="val", task=Task.VOS, form="burst"),
}

_DATASETS = {  # protocol → dataset, where a protocol is measured on another copy of the release
    ("vspw", "official"): "vspw_mapped",
    ("mose", "mosev2"): "mosev2",
}


def find_row(name: str) -> tuple[str, BenchmarkRow]:
    """The plain name and the row of a benchmark; case and "-" for "_" do not matter.

    Raises:
        DataError: unknown name; the message names the nearest and lists all.
    """
    plain = name.strip().lower().replace("-", "_")
    if plain not in ROWS:
        hint = nearest_hint(plain, ROWS, " (the nearest is {})")
        raise DataError(
            f"There is no benchmark {name!r}{hint}; the benchmarks are {', '.join(ROWS)}."
        )
    return plain, ROWS[plain]


def dataset_of(name: str, protocol: str | None) -> str:
    """The layout that the release of a benchmark has under a protocol."""
    row = ROWS[name]
    return _DATASETS.get((name, protocol or row.protocol or ""), row.dataset)
