"""Files of weights of every kind, model folders, and recipes."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from vidseg.inference.files.conversion import convert
from vidseg.inference.files.description import describe
from vidseg.inference.files.loading import load
from vidseg.models.files.checkpoints.reading import read_checkpoint
from vidseg.models.presets import debug
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.reading import read_recipe, recipe_folder

from ..models.files.checkpoints.layouts import tensors, tiny_model
from .runner import Target

_STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2, dtype=torch.int64)}


def weight_targets() -> list[Target]:
    """One a kind of file."""
    files = [
        Target(f"weights {name}", partial(_write, write, name), {"read": _read})
        for name, write in _FILES.items()
    ]
    return [
        *files,
        Target(
            "weights folder", _hugging_face, {"read": lambda folder, out: read_checkpoint(folder)}
        ),
        Target("weights published", _published, {"describe": _describe, "convert": _convert}),
        Target("model folder", _model, {"describe": _describe_folder, "load": _load}),
        Target("recipe", _recipe, {"read": _read_recipe}),
    ]


def _write(write: Callable[[Path], object], name: str, folder: Path) -> None:
    write(folder / name)


def _only(folder: Path) -> Path:
    return min(folder.iterdir(), default=folder)


def _read(folder: Path, out: Path) -> None:
    read_checkpoint(_only(folder))


def _read_folder(folder: Path, out: Path) -> None:
    read_checkpoint(folder)


def _describe(folder: Path, out: Path) -> None:
    describe(_only(folder))


def _convert(folder: Path, out: Path) -> None:
    convert(_only(folder), out / "model")


def _describe_folder(folder: Path, out: Path) -> None:
    describe(folder)


def _load(folder: Path, out: Path) -> None:
    load(folder, "cpu")


def _read_recipe(folder: Path, out: Path) -> None:
    read_recipe(folder / "recipe.yaml")


def _scripted(path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    torch.jit.script(module).save(str(path))


def _pickled(state: dict[str, Any]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(pickle.dumps({"model": state}))


_FILES: dict[str, Callable[[Path], object]] = {
    "zip.pth": lambda path: torch.save({"model": _STATE, "iteration": 7}, path),
    "legacy.bin": lambda path: torch.save(_STATE, path, _use_new_zipfile_serialization=False),
    "script.pt": _scripted,
    "arrays.pkl": _pickled({name: value.numpy() for name, value in _STATE.items()}),
    "tensors.pkl": _pickled(_STATE),
    "a.safetensors": lambda path: save_file(_STATE, path),
}


def _hugging_face(folder: Path) -> None:
    parts = {}
    for number, (name, value) in enumerate(_STATE.items()):
        parts[name] = f"model-{number}.safetensors"
        save_file({name: value}, folder / parts[name])
    index = json.dumps({"metadata": {"total_size": 40}, "weight_map": parts})
    (folder / "model.safetensors.index.json").write_text(index)
    (folder / "config.json").write_text('{"model_type": "mask2former", "id2label": {"0": "cat"}}')


def _published(folder: Path) -> None:
    torch.save(
        {"model": tensors(tiny_model("resnet", univs=False, queries=7, classes=133))},
        folder / "a.pth",
    )


def _model(folder: Path) -> None:
    UniVS(debug()).save_pretrained(folder)
    settings = {"all": {"clip_length": 2}, "vis": {"class_threshold": 0.5}}
    (folder / "inference.json").write_text(json.dumps(settings))


def _recipe(folder: Path) -> None:
    for file in recipe_folder().glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "recipe.yaml").write_bytes((folder / "nano_stage3.yaml").read_bytes())
