"""Checkpoints are whole or not there."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.errors import OutputError, TrainingError
from vidseg.models.univs.model import UniVS
from vidseg.training.run.checkpointing import (
    MODEL,
    Snapshot,
    checkpoint_folder,
    checkpoints,
    clean_up,
    load_checkpoint,
    prune,
    publish,
    save_checkpoint,
)

from ..stand_in_run import tiny_config, tiny_model


def snapshot(step: int, *, averaged: bool = True) -> Snapshot:
    torch.manual_seed(step)
    model = tiny_model()
    state = model.state_dict()
    name = "mask_decoder.query_content.weight"
    return Snapshot(
        step=step,
        config=model.config.to_dict(),
        weights=state,
        averaged={name: state[name] * 0.5} if averaged else None,
        optimiser={name: {"step": torch.tensor(3.0), "exp_avg": torch.rand(3, 32)}},
        scaler={"scale": 1024.0},
    )


def same(a: Snapshot, b: Snapshot) -> bool:
    return (
        a.step == b.step
        and a.scaler == b.scaler
        and all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)
        and all(
            torch.equal(value, b.optimiser[name][key])
            for name, state in a.optimiser.items()
            for key, value in state.items()
        )
    )


def test_what_is_saved_is_read_back_bit_by_bit(tmp_path: Path) -> None:
    saved = snapshot(7)
    folder = save_checkpoint(tmp_path, saved)
    assert folder == checkpoint_folder(tmp_path, 7)
    read = load_checkpoint(folder, tiny_config().to_dict())
    assert same(saved, read) and read.averaged is not None and saved.averaged is not None
    for name, value in saved.averaged.items():
        assert torch.equal(read.averaged[name], value)


def test_the_average_is_a_model_folder_of_its_own(tmp_path: Path) -> None:
    saved = snapshot(1)
    folder = save_checkpoint(tmp_path, saved)
    student, teacher = UniVS.from_pretrained(folder), UniVS.from_pretrained(folder / "ema")
    name = "mask_decoder.query_content.weight"
    assert torch.equal(teacher.state_dict()[name], student.state_dict()[name] * 0.5)
    publish(folder, MODEL)
    used = UniVS.from_pretrained(tmp_path / MODEL)
    assert torch.equal(used.state_dict()[name], teacher.state_dict()[name])


def test_without_an_average_the_student_is_the_model(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, snapshot(1, averaged=False))
    assert not (folder / "ema").exists()
    for _ in range(2):  # also over an earlier one
        publish(folder, MODEL)
    assert UniVS.from_pretrained(tmp_path / MODEL).config == tiny_config()
    assert load_checkpoint(folder, tiny_config().to_dict()).averaged is None


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        checkpoint_folder(tmp_path, step).mkdir(parents=True)
    prune(tmp_path, 2, best=1)
    assert [step for step, _ in checkpoints(tmp_path)] == [1, 3, 4]


@pytest.mark.parametrize("where", ["part", "old"])
def test_what_a_killed_process_left_is_no_checkpoint(where: str, tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, snapshot(1))
    left = folder.with_name(f".step-00000002.{where}")
    left.mkdir()
    (left / "model.safetensors").write_bytes(b"half")
    assert [step for step, _ in checkpoints(tmp_path)] == [1]
    clean_up(tmp_path)
    assert not left.exists() and folder.exists()


@pytest.mark.parametrize("call", [1, 3, 7])
def test_an_end_in_the_middle_leaves_the_earlier_one(
    call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = snapshot(1)
    save_checkpoint(tmp_path, first)
    done = 0

    def fsync(handle: int) -> None:
        nonlocal done
        done += 1
        if done == call:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, snapshot(2))
    assert [step for step, _ in checkpoints(tmp_path)] == [1]
    assert same(first, load_checkpoint(checkpoint_folder(tmp_path, 1), first.config))


@pytest.mark.parametrize("averaged", [True, False])
def test_a_full_disk_is_one_sentence_and_the_earlier_one_stays(
    averaged: bool, tmp_path: Path
) -> None:
    first = snapshot(1)
    save_checkpoint(tmp_path, first)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Either the weights already do not fit, or only what comes after them.
    size = (checkpoint_folder(tmp_path, 1) / "model.safetensors").stat().st_size
    heavy = {f"p{i}": {"exp_avg": torch.rand(size // 4)} for i in range(2)}
    second = replace(snapshot(2, averaged=averaged), optimiser=heavy)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2 if averaged else size * 3 // 2, hard))
    try:
        with pytest.raises(OutputError, match=r"step 2 cannot be .*: File too large; .*step 1 is"):
            save_checkpoint(tmp_path, second)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["step-00000001"]
    assert same(first, load_checkpoint(checkpoint_folder(tmp_path, 1), first.config))


def test_another_architecture_is_refused_with_what_differs(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, snapshot(1))
    with pytest.raises(TrainingError) as caught:
        load_checkpoint(folder, tiny_config(queries=5).to_dict())
    assert str(caught.value) == (
        f"The checkpoint {folder} is of another architecture: decoder.queries is 3 there and 5 "
        f"here; go on with the recipe it was made with, or choose another --out."
    )


@pytest.mark.parametrize("file", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_a_damaged_file_is_named(file: str, tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, snapshot(1))
    (folder / file).write_bytes(b"{")
    with pytest.raises(TrainingError, match=r"step-00000001 is damaged: .*; remove this folder"):
        load_checkpoint(folder, tiny_config().to_dict())


_SAVES_FOR_EVER = """
import sys
from pathlib import Path
from tests.training.run.test_checkpointing import snapshot
from vidseg.training.run.checkpointing import prune, save_checkpoint
base, out = snapshot(1), Path(sys.argv[1])
from dataclasses import replace
for step in range(1, 10**6):
    save_checkpoint(out, replace(base, step=step))
    prune(out, 2, None)
    if step == 3:
        print("ready", flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_checkpoints(tmp_path: Path) -> None:
    """Each attempt kills a process that does nothing but save and remove checkpoints."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SAVES_FOR_EVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    found = checkpoints(tmp_path)
    assert 2 <= len(found) <= 3
    for step, folder in found:
        assert load_checkpoint(folder, tiny_config().to_dict()).step == step
