"""JSON files of benchmarks with wrong values: each reader names the fault, and none breaks down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import VidsegError
from vidseg.evaluation.evaluate import open_evaluation
from vidseg.evaluation.runner import run
from vidseg.evaluation.submit import submit

from ...fuzz.mutations import mutate
from .agreement import Spelling
from .test_agreement import SPELLINGS

OF_JSON = tuple({spelling.dataset: spelling for spelling in reversed(SPELLINGS)}.values())
CHANGES = 12


def told(read: Callable[[], object]) -> str:
    """The sentence that a reader ends with; nothing where it is content."""
    try:
        read()
    except VidsegError as error:
        assert "\n" not in str(error)
        return str(error)
    return ""


@pytest.mark.parametrize("spelling", OF_JSON, ids=lambda spelling: spelling.dataset)
def test_damage_is_named(tmp_path: Path, spelling: Spelling) -> None:
    folder, predicted = tmp_path / "data", tmp_path / "predicted"
    folder.mkdir()
    spelling.write(folder)
    if spelling.predict is not None:
        spelling.predict(folder, predicted)
    files = sorted(folder.rglob("*.json")) + sorted(predicted.rglob("*.json"))
    random = Random(spelling.dataset)
    for file in [random.choice(files) for _ in range(CHANGES)] if files else []:
        whole = file.read_bytes()
        changed, what = mutate(file.name, whole, random)
        file.write_bytes(changed)
        _read(spelling, folder, predicted, tmp_path / "sent.zip", what)
        file.write_bytes(whole)


def _read(spelling: Spelling, folder: Path, predicted: Path, sent: Path, what: str) -> None:
    name, split = spelling.dataset, spelling.split
    findings, _ = check_dataset(name, folder, split)
    refused = told(lambda: count_labels(open_dataset(name, folder, split)))
    assert findings.errors or not refused, f"{what}: {refused}"
    if spelling.benchmark is None:
        return
    benchmark, truth = spelling.benchmark, folder / spelling.truth
    told(lambda: run(open_evaluation(benchmark, truth, predicted, spelling.protocol)))
    if spelling.submitted:
        sent.unlink(missing_ok=True)
        told(lambda: submit(benchmark, predicted, sent, truth=folder, split=split))
