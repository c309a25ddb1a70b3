"""Text features on the disk, under a hash of everything that they were computed from.

A name goes through the text tower 81 times, more than a second for a processor core; a list like
that of LVIS takes it half an hour. A changed weight, template or name gives another hash, so
nothing is ever out of date, and all of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..files.cache_folder import texts_folder

_FORMAT = 1  # another one where the same texts come to give other features


class KeptFeatures:
    """Features of lists of names for one text tower.

    Args:
        tower: with its weights, which do not change any more.
        config: of the tower as plain values, its width ``dim`` among them.
        templates: sentences that a name is put into.
    """

    def __init__(
        self, tower: nn.Module, config: Mapping[str, Any], templates: Sequence[str]
    ) -> None:
        self._tower = tower
        self._config = dict(config)
        self._templates = list(templates)

    def read(self, names: Sequence[str]) -> Tensor | None:
        """[K, D_t] float32 of K cleaned names; None where they are not kept, or not readable."""
        try:
            features = load_file(self._file(names))["features"]
        except (OSError, SafetensorError, KeyError):
            return None
        fits = (
            features.shape == (len(names), self._config["dim"]) and features.dtype == torch.float32
        )
        return features if fits else None

    def write(self, names: Sequence[str], features: Tensor) -> None:
        """Keeps them. A folder that cannot be written to changes nothing but the time it takes."""
        with suppress(OSError, SafetensorError):
            file = self._file(names)
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".")
            os.close(handle)
            try:
                save_file({"features": features.contiguous()}, temporary)
                Path(temporary).replace(file)
            finally:
                Path(temporary).unlink(missing_ok=True)

    def _file(self, names: Sequence[str]) -> Path:
        origin = {
            "format": _FORMAT,
            "weights": self._weights,
            "config": self._config,
            "templates": self._templates,
            "names": list(names),
        }
        key = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()
        return texts_folder() / f"{key[:40]}.safetensors"

    @cached_property
    def _weights(self) -> str:
        """A hash of all tensors of the tower."""
        digest = hashlib.sha256()
        for name, value in sorted(self._tower.state_dict().items()):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            flat = value.detach().cpu().contiguous().flatten()
            digest.update(memoryview(flat.view(torch.uint8).numpy()))
        return digest.hexdigest()
