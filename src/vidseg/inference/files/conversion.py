"""Published weights rewritten as a folder that :func:`vidseg.load` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file

from ...errors import ModelError, OutputError, disk_reason
from ...formats.atomic import replacing
from ...formats.output_places import output_file, output_folder
from ...formats.reading import loads
from ...models.files.checkpoints.class_lists import LISTS
from ...models.files.checkpoints.filling import Filling
from ...models.files.checkpoints.origin import Origin
from ...models.files.pretrained import CONFIG_FILE, WEIGHTS_FILE
from ...models.loading import ModelConfig
from ...models.published_weights import Opened, build_published, open_weights
from ...models.shapes import backbone_name
from ...models.text.clip_text import text_config
from ...paths import user_path
from ...types import Task
from ..config import default
from ..published.scripts import STAGES, Backbone
from ..published.settings import published, published_fixed_classes
from .stage import stage_of

SETTINGS_FILE = "inference.json"
TEXT_FILE = "text_encoder.safetensors"
CONCEPTS_FILE = "concept_table.safetensors"
REPORT_FILE = "conversion.json"
"""What became of each tensor of a published file; stands beside the model made of it."""


@dataclass(frozen=True)
class Converted:
    """What was written.

    Attributes:
        opened: what was read.
        files: written, the largest last.
        filling: of the model; None for text.
        config: of the model; None for text.
    """

    opened: Opened
    files: tuple[Path, ...]
    filling: Filling | None = None
    config: ModelConfig | None = None


def convert(source: str | Path, destination: str | Path, *, averaged: bool = True) -> Converted:
    """Writes a model folder, or text weights into one.

    Args:
        source: a file of weights, or a folder of Hugging Face.
        destination: a folder; for text weights also a file ``.safetensors``.
        averaged: see :func:`vidseg.models.files.checkpoints.univs.translate`.

    Raises:
        ModelError: the source cannot be read, is of no known origin, or lacks what it should have.
        OutputError: the place cannot be written to, or holds such a file already.
    """
    opened = open_weights(source, averaged=averaged)
    destination = user_path(destination)
    if not opened.origin.is_model:
        return _convert_text(opened, destination)
    folder = _free(destination, destination / WEIGHTS_FILE).parent
    if destination.suffix in (".safetensors", ".pth", ".pkl"):
        raise OutputError(f"{destination} is to be a folder, for a model is several files.")
    model, filling = build_published(opened)
    check_filling(opened, filling)
    with output_folder(folder):
        model.save_pretrained(folder)
        written = [folder / CONFIG_FILE, folder / REPORT_FILE]
        _write_json(folder / REPORT_FILE, _report(opened, filling))
        settings = released_settings(opened, model.config)
        if settings:
            _write_json(folder / SETTINGS_FILE, settings)
            written.append(folder / SETTINGS_FILE)
    return Converted(opened, (*written, folder / WEIGHTS_FILE), filling, model.config)


def check_filling(opened: Opened, filling: Filling) -> None:
    """Raises ModelError where tensors that all such files have, or names of classes, miss."""
    wrong = [*filling.wrong, *filling.homeless]
    if wrong:
        raise ModelError(
            f"{opened.path} is not whole: as {opened.origin.value} it should fill {wrong[0]}"
            f"{f' and {len(wrong) - 1} more tensors' if len(wrong) > 1 else ''}, which are missing "
            f"or of another shape; fetch it again (vidseg weights info FILE lists them)."
        )
    if opened.origin.has_fixed_classes and opened.classes is None:
        known = ", ".join(f"{count} of {name}" for count, name in LISTS.items())
        raise ModelError(
            f"{opened.path} tells {opened.fixed_classes} classes apart, whose names it does not "
            f"give; known are files with {known}, and folders of Hugging Face, whose config.json "
            f"names them."
        )


def released_settings(opened: Opened, config: ModelConfig) -> dict[str, dict[str, Any]]:
    """Settings by task with which a published model gives its published results, if it has any."""
    if opened.origin.has_fixed_classes:
        return published_fixed_classes()
    out: dict[str, dict[str, Any]] = {}
    if opened.origin is not Origin.UNIVS:
        return out
    backbone, stage = tested_as(opened, config)
    for task in Task:
        theirs = published(task, backbone=backbone, stage=stage).flat()
        ours = default(task).flat()
        out[task.value] = {name: there for name, there in theirs.items() if there != ours[name]}
    return out


def tested_as(opened: Opened, config: ModelConfig) -> tuple[Backbone, int]:
    """Backbone and stage whose tests give a UniVS its settings.

    Where no stage is told they are those of stage 3, the last one; a backbone of another size is
    taken for ResNet-50. ``vidseg weights info`` says so.
    """
    stage, _ = stage_of(opened)
    return backbone_name(config.backbone) or "r50", stage if stage in STAGES else STAGES[-1]


def _convert_text(opened: Opened, destination: Path) -> Converted:
    state = opened.translation.state
    if opened.origin is Origin.CONCEPTS:
        name, width = CONCEPTS_FILE, next(iter(state.values())).shape[1]
    else:
        try:
            name, width = TEXT_FILE, text_config(state).dim
        except ModelError as error:
            raise ModelError(f"{opened.path}: {error}") from error
    file = destination if destination.suffix == ".safetensors" else destination / name
    _free(destination, file)
    _check_width(file.parent, opened, int(width))
    with output_file(file), replacing(file) as partial:
        try:
            save_file({key: value.contiguous().clone() for key, value in state.items()}, partial)
        except SafetensorError as error:
            raise OutputError(f"{file} cannot be written: {disk_reason(error)}.") from error
    return Converted(opened, (file,))


def _check_width(folder: Path, opened: Opened, width: int) -> None:
    """Raises ModelError where the folder holds a model with another space of text."""
    try:
        values = loads((folder / CONFIG_FILE).read_bytes())
        takes = values["decoder"]["text_dim"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # no model yet
    if takes != width:
        raise ModelError(
            f"{opened.path} gives {width} values a text, but the model in {folder} takes {takes}; "
            f"use the text weights that belong to the model."
        )


def _free(destination: Path, file: Path) -> Path:
    """The file, if nothing stands there. Raises OutputError."""
    if destination.is_file() or file.exists():
        raise OutputError(
            f"{file if file.exists() else destination} is there already; delete it "
            f"or choose another place."
        )
    return file


def _report(opened: Opened, filling: Filling) -> dict[str, Any]:
    return {
        "source": opened.path.name,
        "origin": opened.origin.value,
        "stage": stage_of(opened)[0] if opened.origin is Origin.UNIVS else None,
        "unused": opened.translation.unused,
        "unknown": opened.translation.unknown,
        "rows": {name: list(rows) for name, rows in filling.rows.items()},
        "untrained": filling.untrained,
    }


def _write_json(file: Path, values: Mapping[str, Any]) -> None:
    with replacing(file) as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
