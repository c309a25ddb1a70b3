"""The progress bar: what it counts, what it shows, and its silence."""

from __future__ import annotations

import io
import sys

import pytest

from vidseg.progress import ProgressBar, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (8, "8 s"),
        (60, "1 min"),
        (367, "6 min 7 s"),
        (14_700, "4 h 5 min"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_bar_off_a_terminal_counts_and_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("clip", 4) as bar:
        for _ in range(3):
            bar.advance()
    assert bar.done == 3 and bar.rate > 0 and bar.seconds > 0 and not bar.live
    assert bar.left.endswith(" left")
    assert capsys.readouterr().err == ""


def test_a_bar_counts_anew_and_tells_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("file", unit="MiB") as bar:
        assert bar.left == "" and bar.rate == 0
        bar.advance(count=2)
        bar.begin(5, 8)
        assert (bar.done, bar.rate, bar.left) == (5, 0, "0 s left")
        bar.tell("It was cut.")
    assert capsys.readouterr().err == "It was cut.\n"


def test_a_bar_on_a_terminal_shows_count_note_and_title(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    with ProgressBar("[checked]", unit="") as bar:
        bar.advance("a [b]")
        bar.tell("a sentence")
    shown = screen.getvalue()
    assert bar.live and "[checked]" in shown and "1 · 0 s · a [b]" in shown
    assert "a sentence" in shown
