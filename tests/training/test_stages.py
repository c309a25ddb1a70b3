"""``vidseg train`` through all three stages on drawn data, each starting from the last one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vidseg.cli.main import main
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.reading import read_recipe

from ..datasets.layouts import write_layout
from .small_recipes import small_settings


@pytest.fixture
def root(
    tmp_path: Path,
    panoptic_folder: Path,
    instances_folder: Path,
    label_map_folder: Path,
    davis_folder: Path,
) -> Path:
    """Everything that the nano recipes read."""
    write_layout("davis2016", tmp_path / "davis2016-dev")
    return tmp_path


def log_of(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_each_stage_starts_from_the_last(root: Path) -> None:
    runs = [root / "runs" / f"stage{stage}" for stage in (1, 2, 3)]
    for stage, out in enumerate(runs, start=1):
        words = ["train", f"nano_stage{stage}", *small_settings(root), "--out", str(out)]
        if stage > 1:
            words.append(f"init.start={runs[stage - 2]}")
        if stage == 3:
            words.append("engine.evaluate_every=3")
        assert main(words) == 0
        losses = [line["loss/total"] for line in log_of(out) if "loss/total" in line]
        assert len(losses) == 3
        assert read_recipe(out / "recipe.yaml").schedule.iterations == 3
    first, second = (load_file(run / "model" / "model.safetensors") for run in runs[:2])
    moved = {name for name in first if not torch.equal(first[name], second[name])}
    assert any(name.startswith("mask_decoder.") for name in moved)
    assert not any(name.startswith(("backbone.stem.", "backbone.stages.0.")) for name in moved)
    assert (
        UniVS.from_pretrained(runs[2] / "best").config
        == UniVS.from_pretrained(runs[0] / "model").config
    )
    figures = [line for line in log_of(runs[2]) if any("davis2016-dev/" in key for key in line)]
    assert len(figures) == 1


@pytest.mark.parametrize(("kind", "frames"), [("clips", 2), ("long_video", 4)])
def test_the_objectives_of_the_published_stages(root: Path, kind: str, frames: int) -> None:
    out = root / "run"
    changes = [
        f"objective={{kind: {kind}, clip_frames: 3, prompts: {{single_shares: null}}}}",
        f"data.frames={frames}",
        "model.overrides.propagation=null",
        "optimiser.scales.propagation=null",
        "optimiser.no_decay=[]",
    ]
    words = ["train", "nano_stage1", *small_settings(root), *changes, "--out", str(out)]
    assert main(words) == 0
    assert len(log_of(out)) == 3


def test_a_run_that_was_there_before(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = root / "run"
    words = ["train", "nano_stage1", *small_settings(root), "--out", str(out)]
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 2
    assert "go on with it with --resume" in capsys.readouterr().err
    assert main([*words, "--resume", "schedule.iterations=4"]) == 0
    assert [line["step"] for line in log_of(out)] == [1, 2, 3, 4]
