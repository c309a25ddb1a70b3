"""``vidseg segment --model FOLDER`` with a GvSeg: its four tasks, and what it sends elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.cli.main import main
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.presets import gvseg_debug
from vidseg.models.text.static_text import StaticTextConfig

from ..video.clips import write_clip

# Random weights are never sure.
EASY = {"class_threshold": 0.0, "stability_threshold": 0.0, "overlap_threshold": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("model")
    config = gvseg_debug()
    config = replace(config, decoder=replace(config.decoder, text_dim=256), text=StaticTextConfig())
    GvSeg(config).save_pretrained(place)
    (place / "inference.json").write_text(json.dumps({"all": {**EASY, "short_side": 64}}))
    return place


def segment(source: Path, model: Path, out: Path, *more: str) -> int:
    words = ["segment", str(source), "--model", str(model), "--out", str(out), "--device", "cpu"]
    return main([*words, "--save", "overlay,panoptic", *more])


@pytest.mark.parametrize(
    "words",
    [
        ["--task", "vis", "--categories", "dog,person"],
        ["--task", "vss", "--categories", "dog,sky"],
        ["--task", "vps", "--categories", "dog,sky"],
        ["--task", "vos", "--point", "1:9,9", "--box", "2@1:30,10,60,40"],
    ],
)
def test_its_tasks(tmp_path: Path, folder: Path, words: list[str]) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 4)
    assert segment(clip, folder, tmp_path / "out", *words) == 0
    assert len(json.loads((tmp_path / "out" / "panoptic.json").read_text())["images"]) == 4
    assert (tmp_path / "out" / "overlay.mp4").is_file()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--task", "refvos", "--text", "1:the dog"], "task refvos needs a UniVS model such as"),
        (["--task", "pvos", "--point", "1:9,9"], "task pvos needs a UniVS model such as nano"),
        (
            ["--task", "vos", "--scribble", "2:9,9,30,30"],
            "Object 2: GvSeg models follow masks, boxes and points; scribbles need a UniVS model "
            "such as nano",
        ),
    ],
)
def test_what_it_cannot_do_names_what_can(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], what: str
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    assert segment(clip, folder, tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert what in error and error.startswith("vidseg: ") and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_weights_that_answer_nan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    model = GvSeg.from_pretrained(folder)
    for parameter in model.backbone.parameters():
        parameter.data.fill_(float("nan"))
    model.save_pretrained(tmp_path / "model")
    clip = write_clip(tmp_path / "clip.mp4", 2)
    words = ["--task", "vss", "--categories", "dog,sky"]
    assert segment(clip, tmp_path / "model", tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert "no numbers (NaN or infinite)" in error and error.count("\n") == 1
