"""``vidseg evaluate``: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidseg.cli.main import main

from ..evaluation import fake

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command on the fake benchmark."""
    from vidseg.evaluation import registry

    monkeypatch.setitem(registry._MODULES, "davis2017", "fake")
    monkeypatch.setitem(sys.modules, "vidseg.evaluation.rules.fake", fake)
    (tmp_path / "data").mkdir()
    return [
        "evaluate",
        "davis2017",
        "--gt",
        str(tmp_path / "data"),
        "--pred",
        str(tmp_path / "data"),
    ]


def test_table_json_breakdown_and_plots(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "r.json"
    plots = tmp_path / "plots"
    more = ["--json", str(out), "--per", "video", "--plot", str(plots), "--protocol", "other"]
    assert main([*words, *more]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "0.4583" in told.out and "Protocol other" in told.out
    lines = [line.split() for line in told.out.splitlines()]
    assert lines.index(["bad", "0.1250", "8"]) < lines.index(["good", "0.7500", "8"])
    assert "7 pictures in" in told.out and "strips of 3 of 3 videos, the worst by J" in told.out
    assert json.loads(out.read_text())["figures"]["J"]["n"] == 3
    assert len(list(plots.glob("*.png"))) == 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--workers", "0"], "needs a whole number of 1 or more, not '0'"),
        (["--workers", "two"], "needs a whole number of 1 or more, not 'two'"),
        (["--protocol", "x"], "davis2017 has no protocol 'x'; it has plain, other."),
        (["--per", "object"], "davis2017 has no figures per object, but per video."),
        (["--per", "frame"], "invalid choice: 'frame'"),
        (["--pred", "nowhere"], "There is no folder nowhere, where the predictions should be."),
        (["--json", "."], "--json needs the name of a file, and . is a folder."),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(
    words: list[str], capsys: pytest.CaptureFixture[str], change: list[str], sentence: str
) -> None:
    assert main([*words, *change]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.startswith("vidseg: ") and told.count("\n") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_damaged_file_is_one_sentence_and_leaves_nothing(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    (tmp_path / "data" / "videos.txt").write_text("good damaged bad")
    out = tmp_path / "r.json"
    assert main([*words, "--workers", workers, "--json", str(out)]) == 2
    told = capsys.readouterr()
    assert told.err == "vidseg: damaged/00003.png is cut short; copy it again.\n"
    assert told.out == "" and not out.exists()


def test_an_unknown_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "davis17", "--gt", ".", "--pred", "."]) == 2
    assert "the nearest is davis2017" in capsys.readouterr().err


def _start(folder: Path, workers: int) -> subprocess.Popen[str]:
    """An evaluation that takes long, in a group of its own, with all its processes at work."""
    begun = folder / "begun"
    begun.mkdir()
    words = ["evaluate", "davis2017", "--gt", str(folder), "--pred", str(folder)]
    words += ["--workers", str(workers), "--json", str(folder / "r.json")]
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.evaluation.fake", *words],
        cwd=ROOT,
        env={**os.environ, "FAKE_SECONDS": "60", "FAKE_BEGUN": str(begun)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(list(begun.iterdir())) < workers:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)
    return run


def _nobody_is_left(group: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("number", "workers"),
    [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGHUP, 2)],
)
def test_a_signal_to_the_group_ends_all_processes(
    tmp_path: Path, number: int, workers: int
) -> None:
    """As terminals and schedulers send it: to every process, in no order."""
    run = _start(tmp_path, workers)
    begun = time.monotonic()
    os.killpg(run.pid, number)
    told, complaint = run.communicate(timeout=40)
    assert time.monotonic() - begun < 30  # and not the 60 s of a video
    assert run.returncode == 128 + number, complaint
    assert told == "" and complaint == "vidseg: Interrupted.\n"
    assert not (tmp_path / "r.json").exists()
    assert _nobody_is_left(run.pid)


def test_a_killed_evaluation_leaves_no_process(tmp_path: Path) -> None:
    run = _start(tmp_path, 2)
    run.kill()  # it alone
    run.communicate(timeout=40)
    assert _nobody_is_left(run.pid)


def test_loads_no_torch() -> None:
    code = (
        "import sys\n"
        "from tests.evaluation import fake\n"
        "from vidseg.cli.main import main\n"
        "fake.install()\n"
        "assert main(['evaluate', 'davis2017', '--gt', '.', '--pred', '.']) == 0\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
