"""``vidseg benchmark`` that is killed or asked to stop goes on to the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vidseg.cli import running
from vidseg.cli.main import main

from ..benchmarking.oracle import Oracle
from ..benchmarking.test_benchmark import FIRST, release_of
from ..benchmarking.test_benchmark import run as run_here
from .test_benchmark import predictions

ROOT = Path(__file__).resolve().parents[2]


class Runs:
    """Runs of one benchmark of two videos, with predictions as PNGs.

    Attributes:
        words: the command line.
        release: of the benchmark.
        wanted: predictions of a run that nobody stopped.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        request, self.release = release_of(FIRST["mose"], folder / "data")
        self.words = ["benchmark", "mose", "--data", str(request.data), "--split", "valid"]
        run_here(request, self.release, folder / "whole")
        self.wanted = predictions(folder / "whole")

    def out(self, name: str) -> Path:
        return self.folder / name / "mose"

    def start(self, name: str, *more: str, pause: float = 0.0) -> subprocess.Popen[str]:
        """A run in a group of its own, which takes ``pause`` seconds over a frame."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarking.oracle", *self.words,
             "--out", str(self.folder / name), "--threads", "1", *more],
            cwd=ROOT,
            env={**os.environ, "ORACLE_SECONDS": str(pause), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )  # fmt: skip

    def finish(self, name: str) -> None:
        """Runs to the end; the predictions are those of a run that nobody stopped."""
        assert main([*self.words, "--out", str(self.folder / name)]) == 0
        assert not list(self.out(name).rglob(".*"))
        assert (self.out(name) / "report.json").is_file()
        assert predictions(self.out(name)) == self.wanted


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs(tmp_path)
    monkeypatch.setattr(running, "load_segmenter", lambda model, device: Oracle(made.release))
    return made


def wait_for(what: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)


def nobody_is_left(group: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def pngs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.png") if not path.name.startswith(".")]


def test_killed_and_stopped_runs_go_on_to_the_same_bytes(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = runs.out("parts")
    run = runs.start("parts", pause=1.5)
    wait_for(lambda: len(pngs(out)) >= 2, run)
    assert main([*runs.words, "--out", str(tmp_path / "parts")]) == 2  # no model is loaded
    assert "is being written by another run" in capsys.readouterr().err
    run.kill()
    run.communicate()
    half = pngs(out)[0]  # a kill in the middle of a picture
    partial = half.with_name(f".{half.name}.vidseg-0123abcd.part")
    partial.write_bytes(half.read_bytes()[:50])
    run = runs.start("parts", pause=0.4)
    wait_for(lambda: (out / "state" / "000000.json").is_file(), run)
    assert not partial.exists()
    run.terminate()
    _, complaint = run.communicate(timeout=60)
    assert run.returncode == 143 and complaint == "vidseg: Interrupted.\n"
    assert not list(out.rglob(".*"))
    done = (out / "state" / "000000.json").read_bytes()
    runs.finish("parts")
    assert (out / "state" / "000000.json").read_bytes() == done  # it was not run again


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_the_run(runs: Runs, number: int) -> None:
    """SIGTERM comes to the whole group, SIGKILL to the first process alone."""
    out = runs.out("parts")
    run = runs.start("parts", "--jobs", "2", pause=1.0)
    wait_for(lambda: len({path.parent for path in pngs(out)}) == 2, run)  # both are at work
    if number == signal.SIGTERM:
        os.killpg(run.pid, number)
    else:
        run.kill()
    _, complaint = run.communicate(timeout=60)
    assert nobody_is_left(run.pid)
    if number == signal.SIGTERM:
        assert run.returncode == 143 and complaint == "vidseg: Interrupted.\n"
        assert not list(out.rglob(".*"))
    assert pngs(out)
    runs.finish("parts")
