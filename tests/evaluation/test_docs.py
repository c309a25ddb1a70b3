"""The page about evaluation names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidseg.evaluation.registry import benchmark_names, get_benchmark

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evaluate.md"


@pytest.mark.parametrize("name", benchmark_names())
def test_benchmark_and_protocols_are_in_the_table(name: str) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"`{name}`" in line]
    protocols = list(get_benchmark(name).protocols)
    named = [cell for row in rows for cell in row.split("|")]
    assert any(
        [part.split("`")[0] for part in cell.split("`")[1::2]] == protocols for cell in named
    ), f"{name}: the page does not list {protocols}"
