"""The rows of test_agreement.py: one released spelling of a benchmark's folder each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Frames = Mapping[str, Sequence[str]]
"""Video → its frames."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """One spelling of a layout, and how it is read.

    Attributes:
        name: of the dataset, then what is particular of the spelling; the test's id.
        dataset: name in the registry of datasets.
        write: writes the clean folder and returns what the split holds.
        split: the part that is read; None for the only one, or for all.
        objects: how many objects the split holds; None where the rows do not tell.
        benchmark: name in the registry of evaluations; None where nothing is measured on it.
        predict: (dataset, predictions) writes perfect predictions of the split.
        truth: folder below the dataset that the evaluation is given.
        protocol: of the evaluation.
        submitted: the benchmark takes submissions.
    """

    name: str
    dataset: str
    write: Callable[[Path], Frames]
    split: str | None = None
    objects: int | None = None
    benchmark: str | None = None
    predict: Callable[[Path, Path], object] | None = None
    truth: str = ""
    protocol: str | None = None
    submitted: bool = True
