"""Every benchmark and dataset in every released spelling: all that reads its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.clips.readers import LabelReader
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import ROWS, open_dataset
from vidseg.evaluation.evaluate import evaluate
from vidseg.evaluation.submit import submit

from ..datasets.image_layouts import write_image_layout
from ..formats.layouts.agreement import Spelling
from ..formats.layouts.test_agreement import SPELLINGS
from .runner import Step, Target


def benchmark_targets() -> list[Target]:
    """One a spelling, the first of each dataset called by its name alone."""
    targets: dict[str, Target] = {}
    for spelling in SPELLINGS:
        name = f"data {spelling.dataset}"
        targets[f"data {spelling.name}" if name in targets else name] = _of_spelling(spelling)
    for dataset in ROWS:
        if f"data {dataset}" not in targets:
            targets[f"data {dataset}"] = _of_layout(dataset)
    return [Target(name, target.seed, target.steps) for name, target in targets.items()]


def _of_layout(dataset: str) -> Target:
    """RefCOCO and its kin, which have one spelling; their writer makes the folder ``data``."""
    return Target(
        "",
        lambda folder: write_image_layout(dataset, folder),
        _reading(dataset, None, f"data/{dataset}"),
    )


def _of_spelling(spelling: Spelling) -> Target:
    def seed(folder: Path) -> None:
        (folder / "data").mkdir()
        spelling.write(folder / "data")
        if spelling.predict is not None:
            spelling.predict(folder / "data", folder / "predicted")

    steps = _reading(spelling.dataset, spelling.split)
    if "maps alone" in spelling.name:
        del steps["train"]  # needs pictures
    benchmark = spelling.benchmark
    if benchmark is not None:
        steps["evaluate"] = lambda folder, out: evaluate(
            benchmark,
            folder / "data" / spelling.truth,
            folder / "predicted",
            protocol=spelling.protocol,
        )
        if spelling.submitted:
            steps["submit"] = lambda folder, out: submit(
                benchmark,
                folder / "predicted",
                out / "sent.zip",
                truth=folder / "data",
                split=spelling.split,
            )
    return Target("", seed, steps)


def _reading(dataset: str, split: str | None, place: str = "data") -> dict[str, Step]:
    return {
        "stats": lambda folder, out: count_labels(open_dataset(dataset, folder / place, split)),
        "check": lambda folder, out: check_dataset(dataset, folder / place, split),
        "train": lambda folder, out: _train(dataset, folder / place, split),
    }


def _train(dataset: str, folder: Path, split: str | None) -> None:
    """The first frames of each video, as training reads them."""
    reader = LabelReader(open_dataset(dataset, folder, split))
    for video, length in enumerate(reader.lengths.tolist()):
        reader.read(video, range(min(length, 2)), np.random.default_rng(0))
