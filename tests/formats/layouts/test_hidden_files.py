"""What systems leave in folders changes nothing, in each released spelling of each layout."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import open_dataset
from vidseg.evaluation.evaluate import open_evaluation
from vidseg.evaluation.runner import run
from vidseg.evaluation.submit import submit

from .agreement import Spelling
from .test_agreement import SPELLINGS

HIDDEN = ("._x.png", "._x.jpg", "._x.json", "._x.txt", ".DS_Store", "Thumbs.db", "desktop.ini")


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.name)
def test_hidden_files_change_nothing(tmp_path: Path, spelling: Spelling) -> None:
    folder, predicted = tmp_path / "data", tmp_path / "predicted"
    folder.mkdir()
    spelling.write(folder)
    if spelling.predict is not None:
        spelling.predict(folder, predicted)
    before = told(spelling, folder, predicted)
    for root in (folder, predicted):
        for place in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            if place.is_dir():
                for name in HIDDEN:
                    (place / name).write_bytes(b"\x00\x05\x16\x07 Mac OS X")
    assert told(spelling, folder, predicted) == before


def told(spelling: Spelling, folder: Path, predicted: Path) -> list[Any]:
    """Everything that check, statistics, evaluation and submission say of a folder."""
    source = open_dataset(spelling.dataset, folder, spelling.split)
    findings, counts = check_dataset(spelling.dataset, folder, spelling.split)
    said = [source.videos, count_labels(source).to_json(), findings.rows(), counts]
    if spelling.benchmark is None or spelling.predict is None:
        return said
    benchmark, truth = spelling.benchmark, folder / spelling.truth
    report = run(open_evaluation(benchmark, truth, predicted, spelling.protocol))
    said += [repr((report.videos, report.figures)), report.notes]  # NaN is not equal to NaN
    if spelling.submitted:
        sent = predicted.with_name("sent.zip")
        sent.unlink(missing_ok=True)
        done = submit(benchmark, predicted, sent, truth=folder, split=spelling.split)
        with zipfile.ZipFile(sent) as archive:
            said += [done.findings.rows(), sorted(archive.namelist())]
    return said
