"""Help, version and start-up cost."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from vidseg import __version__
from vidseg.cli.main import main
from vidseg.cli.prompt_arguments import parse_box, parse_point, parse_scribble, parse_text
from vidseg.errors import PromptError
from vidseg.prompts import Box, Point, Text


@pytest.mark.parametrize(
    "words",
    [["--help"], *([verb, "--help"] for verb in ("segment", "demo", "evaluate", "train"))],
)
def test_help_costs_less_than_a_second_and_loads_no_torch(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from vidseg.cli.main import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit as leave:\n"
        "    assert not leave.code\n"
        "assert not {'torch', 'transformers', 'av', 'PIL', 'rich'} & set(sys.modules)\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "usage: vidseg" in told
    assert spent < 1.0, f"{spent:.2f} s of CPU"


def test_module_runs_like_the_command() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "vidseg", "--version"], check=True, capture_output=True, text=True
    ).stdout
    assert told == f"vidseg {__version__}\n"


def test_no_verb_and_unknown_verb(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["paint"]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert told.startswith("vidseg: ") and told.count("\n") == 1


def test_prompts_in_words() -> None:
    assert parse_point("3@10:4.5,6") == Point(4.5, 6, object_id=3, frame=10)
    assert parse_point("4,6,-") == Point(4, 6, positive=False)
    assert parse_point("@7:4,6") == Point(4, 6, frame=7)
    assert parse_point("2:4,-6") == Point(4, -6, object_id=2)
    assert parse_box("2@1:0,1,2,3") == Box(0, 1, 2, 3, object_id=2, frame=1)
    assert parse_text("2: the dog: left") == Text("the dog: left", object_id=2)
    assert parse_text("the dog: left") == Text("the dog: left")
    stroke = parse_scribble("4:1,2,3,4")
    assert stroke.object_id == 4 and stroke.points.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("word", ["", "1:", "1,2,3", "1@x:2,3", "1,2,-,4", "inf,2"])
def test_points_that_cannot_be_read(word: str) -> None:
    with pytest.raises(PromptError):
        parse_point(word)


def test_sentences_have_no_frame() -> None:
    with pytest.raises(PromptError, match="leave @ out"):
        parse_text("1@3:the dog")
