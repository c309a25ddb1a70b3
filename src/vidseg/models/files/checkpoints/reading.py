"""Files of weights opened without running anything that they hold.

Known by their first bytes, whatever they are called: safetensors; what ``torch.save`` writes, read
by torch's own reader of weights only; TorchScript archives; and plain pickles such as Detectron2's
``.pkl``, read by :mod:`vidseg.formats.plain_pickle`. Folders of Hugging Face count as one file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ....errors import ModelError, clause
from ....formats.plain_pickle import DamagedError, NotPlainError, load_plain_pickle
from ....formats.reading import loads
from ..registry import weights_path
from ..safetensors_files import load_tensors
from .archives import PackedError, is_torchscript, open_archive
from .pickled_tensors import TENSOR_MAKERS
from .torch_files import load_torch
from .torchscript import read_torchscript

SINGLE = ""
"""Name of the tensor of a file that holds one and nothing else."""

_WRAPPERS = ("model", "state_dict")
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # first words of torch.save before 1.6
_FOLDER = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by their published names.

    Attributes:
        path: the file or folder.
        tensors: on the CPU, dense; with the name ``SINGLE`` where there is but one.
        iteration: steps of training, if the file says so.
    """

    path: Path
    tensors: dict[str, Tensor]
    iteration: int | None = None


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Tensors of a file, of a folder with Hugging Face's file names, or of known weights by name.

    Raises ModelError where it is missing or damaged, and where it holds or asks for anything but
    tensors; then nothing of it was run.
    """
    path = weights_path(path)
    try:
        content = _read_folder(path) if path.is_dir() else _read_file(path)
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.") from error
    iteration = None
    if isinstance(content, Mapping):
        steps = content.get("iteration")
        iteration = steps if type(steps) is int else None
    return Checkpoint(path, _tensors(content, path), iteration)


def is_hugging_face(folder: Path) -> bool:
    """Whether a folder holds weights of Hugging Face rather than a model of ours."""
    if not any((folder / name).is_file() for name in _FOLDER):
        return False
    try:
        config = loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "model_type" in config


def _read_folder(folder: Path) -> Any:
    for name in _FOLDER:
        file = folder / name
        if not file.is_file():
            continue
        if file.suffix != ".json":
            return _read_file(file)
        content: dict[str, Any] = {}
        for part in _parts(file):
            content |= _read_file(part)
        return content
    raise ModelError(f"{folder} holds no weights; give a file, or a folder with {_FOLDER[0]}.")


def _parts(index: Path) -> list[Path]:
    """Files that a table of contents names. Raises ModelError."""
    try:
        names = sorted(set(loads(index.read_bytes())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{index} is no table of contents of weights; fetch it again.") from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise ModelError(f"{index} names {name!r}, which is no file beside it; fetch it again.")
    return [index.parent / name for name in names]


def _read_file(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(64)
    size = path.stat().st_size
    if head[:4] == b"PK\x03\x04":
        return _read_zip(path)
    if len(head) > 8 and struct.unpack("<Q", head[:8])[0] < size and head[8:9] == b"{":
        try:
            return load_tensors(path)
        except SafetensorError as error:
            raise _damaged(path, error) from error
    if head.startswith(_LEGACY):
        return _read_torch(path)
    if head.lstrip()[:1] == b"<" or head.startswith(b"version https://git-lfs"):
        raise ModelError(
            f"{path} is a web page or a pointer in place of the weights; fetch the file itself."
        )
    return _read_pickle(path)


def _read_zip(path: Path) -> Any:
    """What ``torch.save`` writes since 1.6, or a TorchScript archive; neither is compressed."""
    try:
        with path.open("rb") as file:
            archive, root = open_archive(file)
            if is_torchscript(archive, root):
                return read_torchscript(archive, root)
        return load_torch(path)
    except PackedError as error:
        raise ModelError(
            f"{path} is a packed archive; unpack it and give the file of weights."
        ) from error
    except NotPlainError as error:
        raise _refused(path, str(error)) from error
    except DamagedError as error:
        raise _damaged(path, error) from error


def _read_torch(path: Path) -> Any:
    try:
        return load_torch(path)
    except NotPlainError as error:
        raise _refused(path, str(error)) from error
    except DamagedError as error:
        raise _damaged(path, error) from error


def _read_pickle(path: Path) -> Any:
    try:
        return load_plain_pickle(path, TENSOR_MAKERS)
    except NotPlainError as error:
        raise _refused(path, str(error)) from error
    except DamagedError as error:
        raise _damaged(path, error) from error


def _refused(path: Path, asked: str) -> ModelError:
    return ModelError(
        f"{path} asks for {asked}, which weights have no need of; nothing of it was run. Get the "
        f"file from its publisher again."
    )


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path} is damaged or no file of weights: {clause(error)}; fetch it again.")


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """The state dict inside what a file holds. Raises ModelError."""
    if isinstance(content, (Tensor, np.ndarray)):
        return {SINGLE: _tensor(content, "its tensor", path)}
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"{path} holds no tensors by name; it is no file of weights.")
    found = {}
    for name, value in content.items():
        if not isinstance(name, str):
            raise ModelError(f"{path} holds no state dict: {str(name)[:40]!r} is no name.")
        found[name] = _tensor(value, name, path)
    if all(name.startswith("module.") for name in found):  # saved from DistributedDataParallel
        return {name.removeprefix("module."): value for name, value in found.items()}
    return found


def _tensor(value: Any, name: str, path: Path) -> Tensor:
    """A dense tensor on the CPU that is as large as it says. Raises ModelError."""
    if isinstance(value, (np.ndarray, np.number, np.bool_)):
        native = np.array(value, dtype=value.dtype.newbyteorder("="), copy=True)
        value = torch.from_numpy(native.view(np.ndarray))
    if not isinstance(value, Tensor):
        raise ModelError(f"{path} holds no state dict: {name} is no tensor.")
    tensor: Tensor = value.detach()
    dense = (
        tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    )
    if not dense or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ModelError(f"{path}: {name} is no tensor with all its numbers in the file.")
    return tensor
