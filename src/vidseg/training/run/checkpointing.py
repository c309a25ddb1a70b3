"""Checkpoints of a run on disk: complete or absent, however the process ends.

``OUT/checkpoints/step-00001000/`` is a model folder (the weights as trained) with::

    ema/                     the averaged weights, a model folder of its own, if there is an average
    optimiser.safetensors    state of AdamW, ``parameter name/key``
    memory.safetensors       what the objective remembers, if it remembers anything
    state.json               step, loss scale, figures

``OUT/model`` is the newest model to use (averaged, if there is an average) and ``OUT/best`` the one
with the best figure. A checkpoint is written under a hidden name, flushed to the disk and renamed;
old ones are renamed to a hidden name before they are removed. Tensors are gathered, so a run may go
on with another number of processes or another sharding.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...errors import ModelError, OutputError, TrainingError, disk_reason
from ...formats.atomic import replacing
from ...models.files.pretrained import CONFIG_FILE, WEIGHTS_FILE, load_pretrained, save_pretrained

FOLDER = "checkpoints"
AVERAGED = "ema"
MODEL, BEST = "model", "best"
_OPTIMISER_FILE, _STATE_FILE = "optimiser.safetensors", "state.json"
_MEMORY_FILE = "memory.safetensors"
_NAME = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that a run needs to resume, as whole tensors on the CPU.

    Attributes:
        step: finished optimiser steps.
        config: ``to_dict`` of the model's configuration.
        weights: state dict of the model.
        averaged: averaged parameters; None without an average.
        optimiser: state tensors by parameter name.
        scaler: numbers of the loss scale; empty without one.
        memory: state dict of what the objective remembers; empty for most.
    """

    step: int
    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    averaged: Mapping[str, Tensor] | None
    optimiser: Mapping[str, Mapping[str, Tensor]]
    scaler: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, Tensor] = field(default_factory=dict)


def checkpoint_folder(out: Path, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies."""
    return out / FOLDER / f"step-{step:08d}"


def checkpoints(out: Path) -> list[tuple[int, Path]]:
    """(step, folder) of the whole checkpoints of a run, oldest first."""
    folder = out / FOLDER
    if not folder.is_dir():
        return []
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def save_checkpoint(out: Path, snapshot: Snapshot) -> Path:
    """Writes a checkpoint and returns its folder.

    Raises OutputError where it cannot be written; earlier ones are untouched, and nothing of this
    one is left.
    """
    target = checkpoint_folder(out, snapshot.step)
    partial = target.with_name(f".{target.name}.part")
    with _reported(out, snapshot.step, partial):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        save_pretrained(partial, snapshot.config, snapshot.weights, half=False)
        if snapshot.averaged is not None:
            averaged = {**snapshot.weights, **snapshot.averaged}
            save_pretrained(partial / AVERAGED, snapshot.config, averaged, half=False)
        flat = {
            f"{name}/{key}": value.contiguous()
            for name, state in snapshot.optimiser.items()
            for key, value in state.items()
        }
        save_file(flat, partial / _OPTIMISER_FILE)
        if snapshot.memory:
            save_file(dict(snapshot.memory), partial / _MEMORY_FILE)
        text = json.dumps({"step": snapshot.step, "scaler": dict(snapshot.scaler)})
        (partial / _STATE_FILE).write_text(text + "\n", encoding="utf-8")
        _flush_folder(partial)
        partial.rename(target)
        _flush(target.parent)
    return target


def load_checkpoint(folder: Path, config: Mapping[str, Any]) -> Snapshot:
    """Reads a checkpoint for a model of this configuration.

    Raises TrainingError if it is damaged or of another architecture.
    """
    try:
        saved, weights = load_pretrained(folder)
        averaged = None
        if (folder / AVERAGED).is_dir():
            averaged = load_pretrained(folder / AVERAGED)[1].state
        state = json.loads((folder / _STATE_FILE).read_text(encoding="utf-8"))
        flat = load_file(folder / _OPTIMISER_FILE)
        memory = folder / _MEMORY_FILE
        remembered = load_file(memory) if memory.is_file() else {}
    except (ModelError, OSError, ValueError, SafetensorError) as error:
        raise TrainingError(
            f"The checkpoint {folder} is damaged: {disk_reason(error)}; remove this folder to go "
            f"on from the one before."
        ) from error
    difference = _first_difference(saved, json.loads(json.dumps(config)))
    if difference is not None:
        raise TrainingError(
            f"The checkpoint {folder} is of another architecture: {difference}; go on with the "
            f"recipe it was made with, or choose another --out."
        )
    optimiser: dict[str, dict[str, Tensor]] = {}
    for name, value in flat.items():
        parameter, _, key = name.rpartition("/")
        optimiser.setdefault(parameter, {})[key] = value
    return Snapshot(
        step=state["step"],
        config=saved,
        weights=weights.state,
        averaged=averaged,
        optimiser=optimiser,
        scaler=state["scaler"],
        memory=remembered,
    )


def clean_up(out: Path) -> None:
    """Removes what an earlier process was writing or removing when it ended."""
    folder = out / FOLDER
    if folder.is_dir():
        for path in folder.glob(".step-*"):
            shutil.rmtree(path, ignore_errors=True)


def prune(out: Path, keep: int, best: int | None) -> None:
    """Removes all but the ``keep`` newest checkpoints and that of step ``best``."""
    found = checkpoints(out)
    for step, folder in found[: max(0, len(found) - max(1, keep))]:
        if step != best:
            going = folder.with_name(f".{folder.name}.old")
            folder.rename(going)
            shutil.rmtree(going, ignore_errors=True)


def model_in(checkpoint: Path) -> Path:
    """The model folder of a checkpoint that should be used: the averaged one, if there is one."""
    averaged = checkpoint / AVERAGED
    return averaged if averaged.is_dir() else checkpoint


def publish(checkpoint: Path, name: str) -> None:
    """Makes the model of a checkpoint the one at ``OUT/name`` (links, or copies across disks).

    Raises OutputError where that cannot be written.
    """
    source, target = model_in(checkpoint), checkpoint.parent.parent / name
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{target} cannot be made: {error.strerror or error}.") from error
    for file in (WEIGHTS_FILE, CONFIG_FILE):
        with replacing(target / file) as partial:
            partial.unlink(missing_ok=True)
            try:
                os.link(source / file, partial)
            except OSError:  # no links on this file system
                shutil.copyfile(source / file, partial)


@contextmanager
def _reported(out: Path, step: int, partial: Path) -> Iterator[None]:
    """Turns failures of writing into one sentence that says what is still there."""
    try:
        yield
    except (OSError, OutputError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        earlier = checkpoints(out)
        rest = f"that of step {earlier[-1][0]} is whole" if earlier else "there is none yet"
        raise OutputError(
            f"The checkpoint of step {step} cannot be written to {out}: {disk_reason(error)}; make "
            f"room and go on with --resume ({rest})."
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _flush_folder(folder: Path) -> None:
    for path in folder.rglob("*"):
        _flush(path)
    _flush(folder)


def _flush(path: Path) -> None:
    """Makes sure that a file or folder is on the disk and not only in memory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_difference(there: Any, here: Any, where: str = "") -> str | None:
    """``backbone.kind is 'swin' there and 'resnet' here``; None if both are the same."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = sorted({*there, *here}, key=lambda key: (key != "kind", key))
        found = (_first_difference(there.get(k), here.get(k), f"{where}.{k}") for k in keys)
        return next((difference for difference in found if difference is not None), None)
    if there == here:
        return None
    return f"{where.lstrip('.')} is {_brief(there)} there and {_brief(here)} here"


def _brief(value: Any) -> str:
    return repr(value["kind"]) if isinstance(value, dict) and "kind" in value else repr(value)
