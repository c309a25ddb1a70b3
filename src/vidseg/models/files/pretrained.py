"""Models on disk: a folder with config.json and model.safetensors, or a hub id."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from ...errors import ModelError, OutputError, clause, disk_reason
from ...formats.atomic import replacing
from ...formats.output_places import kept_if_used
from ...formats.reading import loads
from .cache_folder import asked_offline
from .config_values import SavedConfig
from .safetensors_files import load_tensors

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_Config = TypeVar("_Config", bound=SavedConfig)
_Module = TypeVar("_Module", bound=nn.Module)
_Model = TypeVar("_Model", bound="SavedModel")


class SavedModel(nn.Module):
    """A network with a configuration, which a folder of two files holds."""

    config_type: ClassVar[type[SavedConfig]]
    config: Any  # of that type; subclasses name it

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def from_pretrained(cls: type[_Model], name: str | Path) -> _Model:
        """Reads a folder written by :meth:`save_pretrained`, or a model of the hub by its id.

        The model is in evaluation mode. Raises ModelError if it cannot be found or read, or is of
        another kind.
        """
        config, weights = load_configured(name, cls.config_type)
        return weights.model(lambda: cls(config)).eval()

    def save_pretrained(self, folder: str | Path, *, half: bool = False) -> None:
        """Writes config.json and model.safetensors; ``half`` stores 16-bit floats.

        Raises OutputError if the folder cannot be written; nothing is left half-written.
        """
        save_pretrained(folder, self.config.to_dict(), self.state_dict(), half=half)


@dataclass(frozen=True)
class Weights:
    """A state dict and the file that it came from."""

    state: dict[str, Tensor]
    file: Path

    def model(self, build: Callable[[], _Module]) -> _Module:
        """The model that ``build`` makes, with these weights.

        It is made without memory first, so that a configuration of another size than the weights
        takes none. Raises ModelError where there is no such model, or where any does not fit.
        """
        try:
            with torch.device("meta"):
                shape = build()
        except (ArithmeticError, AssertionError, RuntimeError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.file.with_name(CONFIG_FILE)} describes no model that can be built: "
                f"{clause(error)}."
            ) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nothing is copied
            self.load_into(shape)
        model = build()
        self.load_into(model)
        return model

    def load_into(self, model: nn.Module) -> None:
        """Copies every tensor, converting its type. Raises ModelError if any does not fit."""
        try:
            model.load_state_dict(self.state)
        except RuntimeError as error:
            reason = str(error).splitlines()[1:2] or [str(error)]
            raise ModelError(
                f"{self.file} does not fit its {CONFIG_FILE}: {clause(reason[0])}; "
                f"take both files from one model."
            ) from error


def load_configured(name: str | Path, config_type: type[_Config]) -> tuple[_Config, Weights]:
    """Configuration and weights of a folder or hub id; SavedConfig stands for all kinds of model.

    Raises ModelError if either is bad or the configuration is of another type.
    """
    values, weights = load_pretrained(name)
    try:
        return config_type.from_dict(values), weights
    except ModelError as error:
        raise ModelError(f"{weights.file.with_name(CONFIG_FILE)}: {error}") from error


def load_pretrained(name: str | Path) -> tuple[dict[str, Any], Weights]:
    """Plain configuration and weights of a folder or hub id. Raises ModelError if either is bad."""
    config_file, weights_file = locate(name, CONFIG_FILE), locate(name, WEIGHTS_FILE)
    try:
        values = loads(config_file.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{config_file} is not a readable JSON file: {clause(error)}; fetch or save the model "
            f"again."
        ) from error
    if not isinstance(values, dict):
        raise ModelError(
            f"{config_file} must hold a JSON object of settings; fetch or save the model again."
        )
    try:
        return values, Weights(load_tensors(weights_file), weights_file)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{weights_file} is not a readable safetensors file: {clause(error)}; fetch or save "
            f"the model again."
        ) from error


def locate(name: str | Path, file: str) -> Path:
    """Path of ``file`` in a folder, or its downloaded copy when ``name`` is a hub id."""
    folder = Path(name)
    if folder.is_dir():
        if (folder / file).is_file():
            return folder / file
        raise ModelError(
            f"{folder} holds no {file}; give a folder with {CONFIG_FILE} and {WEIGHTS_FILE}."
        )
    if isinstance(name, Path) or not _is_hub_id(name):
        raise ModelError(
            f"No model at {name}; give a folder that exists or a hub id like owner/name."
        )
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(name, file, local_files_only=asked_offline()))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelError(
            f"No folder {name}, and the hub has no {file} of it: {clause(error)}; check the name "
            f"and the connection, or give a folder."
        ) from error


def save_pretrained(
    folder: str | Path, config: Mapping[str, Any], state: Mapping[str, Tensor], *, half: bool
) -> None:
    """Writes both files, or neither. Raises OutputError."""
    folder = Path(folder)
    tensors = {
        name: (value.half() if half and value.is_floating_point() else value)
        .detach()
        .cpu()
        .contiguous()
        .clone()
        for name, value in state.items()
    }
    text = json.dumps(config, indent=2) + "\n"
    with kept_if_used(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (
                replacing(folder / WEIGHTS_FILE) as weights,
                replacing(folder / CONFIG_FILE) as settings,
            ):
                save_file(tensors, weights)
                settings.write_text(text, encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise OutputError(
                f"Cannot write the model to {folder}: {disk_reason(error)}; choose another folder."
            ) from error


def _is_hub_id(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))
