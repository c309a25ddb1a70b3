"""What ``torch.save`` writes, read by torch's own reader of weights and nothing more.

That reader runs no code, but it lets a file make empty tensors and byte arrays of any size, and
believes how many numbers a storage has. No state dict has such, so they are refused before anything
is read: the pickles are followed once with stand-ins for all that they name.
"""

from __future__ import annotations

import io
import pickle
import re
from pathlib import Path
from typing import IO, Any, BinaryIO

import torch

from ....formats.plain_pickle import DamagedError, NotPlainError
from ....formats.plain_values import shown
from .archives import open_archive

_ZIP = b"PK\x03\x04"
_LEGACY_PICKLES = 5  # magic number, protocol, system, content, keys of the storages
_NUMBERS = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "ComplexDoubleStorage": torch.complex128,
    "ComplexFloatStorage": torch.complex64,
}
"""Of all others a number is a byte."""
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
    except (NotPlainError, DamagedError, OSError):
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
    """Raises NotPlainError for what makes something of any size, DamagedError for false sizes."""
    zipped = file.read(len(_ZIP)) == _ZIP  # what torch itself goes by
    size = file.seek(0, 2)
    file.seek(0)
    if not zipped:
        claimed = _Storages()
        for _ in range(_LEGACY_PICKLES):
            _Follower(file, claimed).load()
        if sum(claimed.sizes.values()) > size:
            raise DamagedError("its storages claim more bytes than the file has")
        return
    archive, root = open_archive(file)
    claimed = _Storages()
    with archive.open(f"{root}data.pkl") as pickled:
        _Follower(pickled, claimed).load()
    for key, claim in claimed.sizes.items():
        there = archive.getinfo(f"{root}data/{key}").file_size
        if claim > there:
            raise DamagedError(f"storage {key} claims {claim} bytes where there are {there}")


class _Storages:
    """What a pickle says of the storages beside it: key → bytes."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def take(self, identifier: Any) -> None:
        """Notes an identifier ("storage", type, key, device, count)."""
        _, kind, key, _, count, *_ = identifier
        if not isinstance(key, str) or type(count) is not int or count < 0:
            raise DamagedError(f"{shown(count)} numbers of the storage {shown(key)}")
        size = count * getattr(kind, "itemsize", 1)
        self.sizes[key] = max(size, self.sizes.get(key, 0))


class _Inert:
    """Stands for whatever a pickle names and makes of it; takes everything, does nothing."""

    def __init__(self, *_: object) -> None:
        pass

    __call__ = __setitem__ = __setstate__ = append = extend = add = __init__


class _Follower(pickle._Unpickler):
    """Follows a pickle without making anything but plain values.

    It is the one written in Python, whose memory grows with the file and not with its indices.
    """

    def __init__(self, file: IO[bytes], storages: _Storages) -> None:
        super().__init__(file, encoding="latin-1")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if _MAKES_ANY_SIZE.fullmatch(f"{module} {name}"):
            raise NotPlainError(f"{module}.{name}")
        return _NUMBERS.get(name, _Inert) if module in ("torch", "torch.cuda") else _Inert

    def persistent_load(self, identifier: Any) -> Any:
        self._storages.take(identifier)
        return _Inert()
