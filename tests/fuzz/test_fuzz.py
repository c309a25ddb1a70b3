"""No damage of a file gives anything but a result or one sentence; see :mod:`tests.fuzz.runner`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError

from .runner import Target, run, wrong_sentence
from .targets import TARGETS

SHORT = 1
"""Inputs of each target in every test run."""
LONG = 200
"""Inputs of each target in the slow one."""


# A child is forked from here; the threads of a pytest-xdist worker may hold locks at that moment.
pytestmark = pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ, reason="forks; run `pytest tests/fuzz` without -n"
)


def _check(target: Target, seed: int, count: int) -> None:
    outcome = run(target, seed, count)
    assert outcome.inputs == count
    assert not outcome.failures, "\n".join(map(str, outcome.failures))


_FIRST = [target for target in TARGETS if "," not in target.name]
"""One spelling of each layout."""


@pytest.mark.parametrize("target", _FIRST, ids=lambda target: target.name)
def test_damaged_files(target: Target) -> None:
    _check(target, 0, SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_many_damaged_files(target: Target) -> None:
    _check(target, 1000, LONG)


def _seed(folder: Path) -> None:
    (folder / "a.txt").write_text("a b c\n" * 9)


def _raise(error: BaseException) -> None:
    raise error


def _leave(path: Path) -> None:
    path.touch()
    raise DataError("It is wrong.")


_BROKEN: dict[str, Any] = {
    "foreign exception": lambda folder, out: [][1],
    "sentence": lambda folder, out: _raise(DataError("It has no stop")),
    "outside": lambda folder, out: (folder.parent / "x").touch(),
    "leftover": lambda folder, out: _leave(out / "x"),
    "crash": lambda folder, out: os.kill(os.getpid(), signal.SIGSEGV),
    "memory": lambda folder, out: b"x" * (80 << 20),
}


def _is_whole(folder: Path) -> bool:
    return {path.name: path.is_file() and path.read_bytes() for path in folder.iterdir()} == {
        "a.txt": b"a b c\n" * 9
    }


@pytest.mark.parametrize("rule", _BROKEN)
def test_each_rule_is_watched(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undamaged, the input passes; from the first damage on the rule is broken."""
    monkeypatch.setattr("tests.fuzz.runner.MEMORY", 64 << 20)

    def step(folder: Path, out: Path) -> None:
        if not _is_whole(folder):
            _BROKEN[rule](folder, out)

    outcome = run(Target("broken", _seed, {"step": step}), 0, 3)
    assert outcome.inputs == 3
    assert {failure.rule for failure in outcome.failures} == {rule}
    assert len({failure.seed for failure in outcome.failures}) > 1  # a change may change nothing


def test_a_hang_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.runner.SECONDS", 0.2)

    def step(folder: Path, out: Path) -> None:
        if not _is_whole(folder):
            time.sleep(60)

    outcome = run(Target("hangs", _seed, {"step": step}), 0, 1)
    assert [failure.rule for failure in outcome.failures] == ["hang"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a.txt holds no box; draw one.", None),
        ("a.txt holds no box", "no full stop"),
        ("a\n.", "control character"),
        ("a\x1b[1m.", "control character"),
        ("a\ud800.", "control character"),
        ("x" * 2000 + ".", "too long"),
    ],
)
def test_sentences(text: str, wrong: str | None) -> None:
    assert wrong_sentence(text) == wrong
