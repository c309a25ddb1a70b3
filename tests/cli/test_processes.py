"""``vidseg segment`` as a process of its own: Ctrl-C, plain consoles, closed pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidseg.pictures.label_maps import read_label_map
from vidseg.video.source import open_source

from ..video.clips import write_clip

ROOT = Path(__file__).resolve().parents[2]


def _start(words: list[str], seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.stub", *words],
        cwd=ROOT,
        env={**os.environ, "STUB_SECONDS": str(seconds)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As if started from a terminal, even where the tests run in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_ctrl_c_leaves_whole_files_and_exit_130(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 40)
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vis", "--categories", "dog", "--out", str(out)]
    run = _start([*words, "--save", "overlay,png,ytvis,panoptic"], 0.1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (out / "panoptic" / "00003.png").exists():
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    told, complaint = run.communicate(timeout=60)
    assert run.returncode == 130, complaint
    assert told == "" and complaint.count("\n") == 1
    assert complaint.startswith("vidseg: Interrupted; ") and str(out) in complaint
    written = len(list((out / "png").glob("*.png")))
    assert 4 <= written < 40
    for path in (out / "png").iterdir():
        assert read_label_map(path).shape == (64, 96)
    assert len(list(open_source(out / "overlay.mp4"))) == written
    assert len(json.loads((out / "panoptic.json").read_text())["annotations"]) == written
    rows = json.loads((out / "ytvis.json").read_text())
    assert [(row["category"], row["score"]) for row in rows] == [("dog", 0.8), ("cat", 0.1)]
    assert len(rows[0]["segmentations"]) == written
    assert f"{written} finished frames" in complaint
    assert not [p for p in out.rglob("*") if p.name.startswith(".")]


def test_names_that_the_console_cannot_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    clip = write_clip(tmp_path / "clip.mp4", 2)
    words = ["segment", str(clip), "--task", "vis", "--categories", "größter Hund"]
    told, complaint = _start([*words, "--out", str(tmp_path / "out")], 0.0).communicate(timeout=60)
    assert "gr??ter Hund" in told and complaint == ""


def test_reader_that_goes_away(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 4)
    words = ["segment", str(clip), "--task", "vis", "--out", str(tmp_path / "out")]
    run = _start(words, 0.0)
    assert run.stdout is not None and run.stderr is not None
    run.stdout.close()
    complaint = run.stderr.read()
    assert run.wait(timeout=60) == 141 and complaint == ""
    assert len(list(open_source(tmp_path / "out" / "overlay.mp4"))) == 4
