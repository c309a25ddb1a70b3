"""What ``torch.save`` writes, read by torch's own reader of weights and nothing more.

That reader runs no code, but it lets a file make empty tensors and byte arrays of any size. No
state dict has such, so they are refused before anything is read.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import torch

from ....formats.plain_pickle import DamagedError, NotPlainError

_ZIP = b"PK\x03\x04"
_LEGACY_PICKLES = 5  # magic number, protocol, system, content, keys of the storages
_MAKES_ANY_SIZE = re.compile(r"(?:builtins|__builtin__) bytearray|torch(?:\.\w+)* \w*Tensor")


def load_torch(source: Path | io.BytesIO) -> Any:
    """The content, tensors on the CPU.

    Raises:
        NotPlainError: it asks for something that weights have no need of; its text names that.
        DamagedError: it cannot be read.
    """
    try:
        with _opened(source) as file:
            _check(file)
        return torch.load(source, map_location="cpu", weights_only=True)
    except (NotPlainError, OSError):
        raise
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if asked is None:
            raise DamagedError(str(error)) from error
        raise NotPlainError(asked.group(1)) from error
    except (MemoryError, RecursionError, Exception) as error:
        raise DamagedError(str(error) or type(error).__name__) from error


def _opened(source: Path | io.BytesIO) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source.getvalue())


def _check(file: BinaryIO) -> None:
    """Raises NotPlainError for what makes something of any size."""
    for pickled in _pickles(file):
        for operation, argument, _ in pickletools.genops(pickled):
            if operation.name == "GLOBAL" and _MAKES_ANY_SIZE.fullmatch(str(argument)):
                raise NotPlainError(str(argument).replace(" ", "."))


def _pickles(file: BinaryIO) -> Iterator[IO[bytes]]:
    """All pickles of a file; each is to be read to its end before the next."""
    zipped = file.read(len(_ZIP)) == _ZIP  # what torch itself goes by
    file.seek(0)
    if not zipped:
        for _ in range(_LEGACY_PICKLES):
            yield file
        return
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".pkl"):
                yield archive.open(entry)
