"""Names cannot steer the terminal, and none of them stops the program."""

from __future__ import annotations

import io
import sys

import pytest
from rich.table import Table
from rich.text import Text

from vidseg.terminal import SafeStream, console, printable, safe_streams

NASTY = "a\x1b[2J\x07b\r\nc\u202ed\udcffe\x9b\u2028"
SHOWN = r"a\x1b[2J\x07b\r\nc\u202ed\udcffe\x9b\u2028"


def test_printable_is_one_line_of_letters() -> None:
    assert printable(NASTY) == SHOWN
    fine = "größer 犬 🐕‍🦺 नमस्ते שלום"  # joiners and right-to-left letters are letters
    assert printable(fine) == fine


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_a_stream_escapes_but_keeps_lines(encoding: str) -> None:
    raw = io.BytesIO()
    stream = SafeStream(io.TextIOWrapper(raw, encoding=encoding))
    print("one\ttwo", NASTY.replace("\n", ""), "犬", file=stream)
    stream.flush()
    told = raw.getvalue().decode(encoding)
    dog = "犬" if encoding == "utf-8" else "?"
    assert told == "one\ttwo " + SHOWN.replace(r"\n", "") + f" {dog}\n"


def test_rich_keeps_its_colours_and_escapes_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    with safe_streams():
        terminal = console()
        terminal.print(Text("x\x1b[5my", style="red"))
        table = Table()
        table.add_column("name\x1b[5m")
        table.add_row(Text("z\u202e"))
        terminal.print(table)
    told = raw.getvalue().decode()
    assert "\x1b[31mx\\x1b[5my\x1b[0m" in told
    assert r"name\x1" in told and r"z\u202e" in told  # a cell is as wide as what it names
    assert "\x1b[5m" not in told and "\u202e" not in told


def test_streams_are_put_back() -> None:
    before = sys.stdout, sys.stderr
    with pytest.raises(RuntimeError), safe_streams():
        assert isinstance(sys.stdout, SafeStream) and isinstance(sys.stderr, SafeStream)
        raise RuntimeError
    assert (sys.stdout, sys.stderr) == before
