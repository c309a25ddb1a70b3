"""Tensors of a TorchScript archive, such as OpenAI's CLIP files; its code is not looked at."""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ....formats.plain_pickle import DamagedError, Makers, NotPlainError, load_plain_pickle
from .pickled_tensors import TENSOR_MAKERS

_TYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def read_torchscript(archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
    """Parameters and buffers by name, as ``state_dict`` of the module gives them.

    Args:
        archive, root: as of :func:`vidseg.models.files.checkpoints.archives.open_archive`.

    Raises:
        NotPlainError, DamagedError: as of :mod:`vidseg.formats.plain_pickle`.
        OSError: it cannot be read.
    """
    try:
        content = archive.read(f"{root}data.pkl")
        asked = [
            tuple(str(argument).split(" ", 1))
            for opcode, argument, _ in pickletools.genops(content)
            if opcode.name == "GLOBAL"
        ]
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedError(str(error)) from error
    classes = {(m, n): type("Module", (_Module,), {}) for m, n in asked if m[:9] == "__torch__"}
    module = load_plain_pickle(
        content, _MAKERS, classes=classes, stored=_Storages(archive, f"{root}data/")
    )
    if not isinstance(module, _Module):
        raise DamagedError("it holds no module")
    return dict(_walk(module, "", set()))


class _Module:
    """A module of the archive: what its attributes are."""

    attributes: dict[str, Any]

    def __setstate__(self, state: object) -> None:
        self.attributes = dict(state) if isinstance(state, dict) else {}


def _walk(module: _Module, prefix: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    for name, value in getattr(module, "attributes", {}).items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, _Module):
            yield from _walk(value, f"{prefix}{name}.", seen)


class _Storages:
    """The storages of an archive by their identifiers, each read once."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._read: dict[str, bytearray] = {}

    def __call__(self, identifier: Any) -> Any:
        """The storage of an identifier ("storage", type, key, device, count)."""
        try:
            _, dtype, key, _, count = identifier
            if key not in self._read:
                self._read[key] = bytearray(self._archive.read(self._folder + key))
            content = self._read[key]
        except (ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise DamagedError(f"its numbers are missing: {error}") from error
        kind = dtype() if callable(dtype) else None
        if not isinstance(kind, torch.dtype) or len(content) != count * kind.itemsize:
            raise NotPlainError(f"{count} numbers where there are {len(content)} bytes")
        flat = torch.frombuffer(content, dtype=kind) if content else torch.empty(0, dtype=kind)
        return torch.TypedStorage(wrap_storage=flat.untyped_storage(), dtype=kind, _internal=True)


def _first(value: Any, *_: object) -> Any:
    return value


def _kind(dtype: torch.dtype) -> Any:
    return lambda *_: dtype


_MAKERS: Makers = {
    **TENSOR_MAKERS,
    **{("torch", name): _kind(dtype) for name, dtype in _TYPES.items()},
    **{
        ("torch.jit._pickle", name): _first
        for name in (
            "build_intlist",
            "build_doublelist",
            "build_boollist",
            "build_tensorlist",
            "restore_type_tag",
        )
    },
}
