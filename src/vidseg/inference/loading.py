"""A segmenter by name: the model inside the package, a folder, or a hub id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..models.univs import UniVS
from .config import check_settings
from .segmenter import Segmenter

SETTINGS_FILE = "inference.json"
TEXT_FILE = "text_encoder.safetensors"


def load(
    name: str | Path = "nano", device: str = "auto", *, text_weights: str | Path | None = None
) -> Segmenter:
    """Loads a model and puts it on a device.

    Args:
        name: "nano", the model inside the package, whatever the working directory holds
            (``./nano`` is a folder there); a folder with config.json and model.safetensors; or a
            hub id like owner/name. A folder may also hold inference.json (settings by task name
            or "all") and text_encoder.safetensors.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        text_weights: weights of a CLIP text encoder, for models that need one.

    Raises:
        ModelError: the model cannot be found or read, or the device is not there.
    """
    place = _place(name)
    model = UniVS.from_pretrained(place)
    return Segmenter(
        model,
        device=device,
        text_weights=text_weights or _optional(place, TEXT_FILE),
        settings=_settings(_optional(place, SETTINGS_FILE)),
    )


def _place(name: str | Path) -> str | Path:
    """Where a model lies: inside the package, in a folder that exists, or a hub id."""
    known = embedded_models()
    if isinstance(name, str) and name in known:
        return known[name]
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if isinstance(name, str) and name.count("/") == 1 and not name.startswith(("/", ".", "~")):
        return name
    listed = f"the models inside the package are {', '.join(known)}" if known else "none is inside"
    raise ModelError(
        f"No model {str(name)!r}: {listed}; otherwise give a folder with config.json and "
        f"model.safetensors, or a hub id like owner/name."
    )


def embedded_models() -> dict[str, Path]:
    """Folders of the models inside the package, by name."""
    weights = Path(str(files("vidseg") / "weights"))
    if not weights.is_dir():
        return {}
    return {f.name: f for f in sorted(weights.iterdir()) if (f / "config.json").is_file()}


def _optional(place: str | Path, file: str) -> Path | None:
    """A file that a model may have; None without it."""
    if Path(place).is_dir():
        found = Path(place) / file
        return found if found.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(str(place), file))
    except EntryNotFoundError:  # not in the repository, or offline and never downloaded
        return None


def _settings(file: Path | None) -> Mapping[str, Mapping[str, Any]]:
    if file is None:
        return {}
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} is not a readable JSON file: {error}; write it anew or delete it."
        ) from error
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise ModelError(f'{file} must hold settings by task, such as {{"vos": {{...}}}}.')
    try:
        check_settings(values)
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error
    return values
