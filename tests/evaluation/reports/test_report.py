"""Reports as tables and as JSON."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console, RenderableType

from vidseg import __version__
from vidseg.errors import DataError, OutputError
from vidseg.evaluation.benchmark import Report, worst_first
from vidseg.evaluation.reports.json_file import to_json, write_json
from vidseg.evaluation.reports.tables import breakdown, number, remarks, summary

from ..fake import SCORES, report


def shown(*what: RenderableType) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    for one in what:
        console.print(one)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def other(**changed: object) -> Report:
    plain = report(SCORES)
    fields = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    return Report(**{**fields, **changed})


def test_headline_then_notes_and_authority() -> None:
    lines = shown(summary(report(SCORES)), *remarks(report(SCORES)))
    words = [line.split() for line in lines]
    assert words[:2] == [["davis2017"], ["figure", "0..1"]]
    # (0.75 + 0.125 + 0.5) / 3 = 1.375 / 3 = 0.45833...
    assert words[2:5] == [["J", "Mean", "0.4583"], ["J", "n", "3"], ["undefined", "n/a"]]
    assert lines[5:] == ["Note: Made up.", "Protocol plain: Equals nothing; made up."]


def test_percent_has_two_digits() -> None:
    assert number(45.8333, "percent") == "45.83"
    assert number(np.float64(0.98765), "fraction") == "0.9877"
    assert number(math.inf, "fraction") == "n/a"


def test_breakdown_is_worst_first() -> None:
    rows = [line.split() for line in shown(breakdown(report(SCORES), "video"))]
    assert rows[1:] == [
        ["video", "J", "frames"],
        ["bad", "0.1250", "8"],
        ["middling", "0.5000", "8"],
        ["good", "0.7500", "8"],
    ]


def test_breakdown_without_the_ranking_sorts_by_its_first_figure() -> None:
    rows = {"sky": {"IoU": 0.5}, "dog": {"IoU": math.nan}, "cat": {"IoU": 0.25, "n": 2.0}}
    lines = [line.split() for line in shown(breakdown(other(classes=rows), "class"))]
    assert [line[0] for line in lines[2:]] == ["cat", "sky", "dog"]
    assert lines[2:] == [
        ["cat", "0.2500", "2.0000"],
        ["sky", "0.5000", "n/a"],
        ["dog"] + ["n/a"] * 2,
    ]


def test_a_wide_breakdown_says_what_it_leaves_out() -> None:
    rows = {"v": {f"k{position}": 0.0 for position in range(13)}}
    assert "10 of 13 figures, --json has all" in shown(breakdown(other(videos=rows), "video"))[0]


def test_a_breakdown_that_does_not_exist() -> None:
    with pytest.raises(DataError, match="no figures per object, but per video"):
        breakdown(report(SCORES), "object")


def test_worst_first_keeps_order_without_a_key() -> None:
    assert worst_first({"b": {"J": 1.0}, "a": {"J": 0.0}}, "F") == ["b", "a"]


def test_json_is_valid_and_has_every_digit() -> None:
    figures = {
        "mean": 0.1 + 0.2,
        "deep": {1: [np.float64(1 / 3), math.inf]},
        "map": np.array([1, 2]),
        "undefined": math.nan,
    }
    text = to_json(other(figures=figures))
    assert "NaN" not in text and "Infinity" not in text
    content = json.loads(text)
    assert content["figures"]["mean"] == 0.30000000000000004
    assert content["figures"]["deep"] == {"1": [1 / 3, None]}
    assert content["figures"]["map"] == [1, 2] and content["figures"]["undefined"] is None
    assert content["protocol"] == "plain" and content["unit"] == "fraction"
    assert content["videos"]["bad"] == {"J": 0.125, "frames": 8}
    assert content["versions"]["vidseg"] == __version__
    assert content["versions"]["numpy"] == np.__version__


def test_json_replaces_a_file_in_one_step(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    write_json(report(SCORES), file)
    assert json.loads(file.read_text())["benchmark"] == "davis2017"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    with pytest.raises(OutputError, match="cannot be written"):
        write_json(report(SCORES), tmp_path / "none" / "r.json")
