"""Pickle files of plain data, read without running what they ask for.

A pickle is a program: it may import any function and call it. Here only the makers of containers
and of numpy's numbers are handed out, so that a file can hold data and do nothing.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from ...errors import DataError

_PLAIN = {
    ("collections", "OrderedDict"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("__builtin__", "set"),  # as Python 2 names them
    ("__builtin__", "frozenset"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    *(
        (f"numpy.{core}.multiarray", maker)
        for core in ("core", "_core")  # before and since numpy 2
        for maker in ("scalar", "_reconstruct")
    ),
}


def read_plain_pickle(path: Path) -> Any:
    """Whatever the file holds, if that is lists, dicts, strings, numbers and numpy arrays.

    Raises DataError where it is missing, truncated, or asks for anything else.
    """
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, encoding="latin-1").load()
    except _NotPlainError as error:
        raise DataError(
            f"{path} is no plain data: it asks for {error}; it was not run. Get the file from "
            "its publisher again."
        ) from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except (MemoryError, RecursionError, Exception) as error:
        # A damaged file can fail in any way that an opcode can.
        raise DataError(f"{path} is damaged or no pickle: {error}") from error


class _NotPlainError(Exception):
    """Names what a file wanted to import."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):  # how old protocols write bytes
            return _latin1_bytes
        if (module, name) not in _PLAIN:
            raise _NotPlainError(f"{module}.{name}")
        return super().find_class(module, name)


def _latin1_bytes(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise _NotPlainError(f"the encoding {encoding!r}")
    return text.encode("latin-1")
