"""A folder that is empty or a list that is gone: what a reader refuses, the check reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import open_dataset

from .agreement import Spelling
from .test_agreement import SPELLINGS
from .test_wrong_values import told


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.name)
def test_a_lost_place_is_named(tmp_path: Path, spelling: Spelling) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    spelling.write(folder)
    for place in sorted(folder.rglob("*")):
        if place.is_dir() or place.suffix in (".json", ".txt"):
            with lost(place):
                findings, _ = check_dataset(spelling.dataset, folder, spelling.split)
                refused = told(
                    lambda: count_labels(open_dataset(spelling.dataset, folder, spelling.split))
                )
            assert findings.errors or not refused, f"{place.relative_to(folder)}: {refused}"


@contextmanager
def lost(place: Path) -> Iterator[None]:
    """A folder without what is in it, or no file."""
    away = place.parent.parent / ".away"
    place.rename(away)
    if away.is_dir():
        place.mkdir()
    yield
    if away.is_dir():
        place.rmdir()
    away.rename(place)
