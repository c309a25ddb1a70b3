"""Safetensors files, whose header is held against a limit before it is parsed."""

from __future__ import annotations

import struct
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

_LONGEST_HEADER = 16 << 20
"""Bytes; a tensor takes about a hundred of them."""


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU.

    Raises:
        SafetensorError: it is damaged, or claims what it does not hold.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if len(head) == 8 and struct.unpack("<Q", head)[0] > _LONGEST_HEADER:
        raise SafetensorError("its header claims more bytes than that of any weights")
    return load_file(path)
