"""Runs of GvSeg go on bit by bit, and processes share queues and prototypes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vidseg.errors import TrainingError
from vidseg.training.engine import run
from vidseg.training.parallel.processes import Team
from vidseg.training.run.checkpointing import checkpoint_folder

from .parallel.test_processes import together
from .stand_in_run import Settings, stand_in_parts, stand_in_recipe

ALONE = Team(0, 1, torch.device("cpu"))
STEPS: Settings = {"steps": 4, "frames": 2, "gvseg": "vss", "engine": {"save_every": 2, "keep": 9}}


def run_alone(out: Path, settings: Settings, *, resume: bool = False) -> None:
    run(stand_in_recipe(settings), stand_in_parts(settings), out, ALONE, resume=resume)


def half_done(whole: Path, out: Path) -> None:
    """A run that was stopped after two steps."""
    folder = checkpoint_folder(out, 2)
    shutil.copytree(checkpoint_folder(whole, 2), folder)


def test_weights_queues_and_prototypes_go_on_bit_by_bit(tmp_path: Path) -> None:
    """Four clips of two frames a step: eight embeddings a step, 32 of which the last 20 stay."""
    whole, again = tmp_path / "whole", tmp_path / "again"
    run_alone(whole, STEPS)
    half_done(whole, again)
    run_alone(again, STEPS, resume=True)
    first, second = (checkpoint_folder(out, 4) for out in (whole, again))
    for name in ("model.safetensors", "memory.safetensors", "optimiser.safetensors"):
        a, b = load_file(first / name), load_file(second / name)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a), name
    memory, weights = (load_file(first / f"{name}.safetensors") for name in ("memory", "model"))
    assert memory["pushed"].tolist() == [32] and bool(memory["values"].any(2).all())
    assert bool(weights["prototypes.seen"].all()) and bool(weights["prototypes.values"].any())


def test_a_checkpoint_without_the_queues_is_refused(tmp_path: Path) -> None:
    run_alone(tmp_path / "whole", {**STEPS, "steps": 2})
    folder = checkpoint_folder(tmp_path / "whole", 2)
    (folder / "memory.safetensors").unlink()
    with pytest.raises(TrainingError, match="step 2 remembers other classes or queues"):
        run_alone(tmp_path / "whole", STEPS, resume=True)


def test_two_processes_remember_what_one_would(tmp_path: Path) -> None:
    """After one step the embeddings are those of the same weights; only their order differs."""
    settings = {**STEPS, "steps": 1}
    run_alone(tmp_path / "one", settings)
    assert together(tmp_path / "two", settings) == ([0, 0], [])
    memories, models = (
        [load_file(checkpoint_folder(tmp_path / out, 1) / name) for out in ("one", "two")]
        for name in ("memory.safetensors", "model.safetensors")
    )
    one, two = (memory["values"][0, :8] for memory in memories)
    assert [memory["pushed"].tolist() for memory in memories] == [[8], [8]]
    distance = torch.cdist(one, two)
    assert sorted(distance.argmin(1).tolist()) == list(range(8)) and distance.min(1)[0].max() < 1e-4
    torch.testing.assert_close(
        models[0]["prototypes.values"], models[1]["prototypes.values"], atol=1e-5, rtol=1e-4
    )
