"""Pickle files of plain data, read without running what they ask for.

A pickle is a program: it may import any function and call it. Here every name that a file may ask
for stands for a small maker of this module that checks its arguments, so that a file can hold
lists, dicts, strings, numbers and numpy arrays of numbers, and do nothing. Sizes that a file claims
are checked against its length before anything of that size is made.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError

Makers = Mapping[tuple[str, str], Callable[..., Any]]
"""What a file gets for the names (module, name) that it asks for."""

_NUMBER = re.compile(r"[<>=|]?([biuf][1248]|[?bBhHiIlLqQefd])")
_REFUSED = frozenset({"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "INST", "OBJ", "NEXT_BUFFER"})
_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


class NotPlainError(Exception):
    """A file that wants more than to hold data. The message is what it asks for."""


class DamagedError(Exception):
    """A file that is cut off or no pickle. The message says why."""


def read_plain_pickle(path: Path) -> Any:
    """Whatever the file holds, if that is lists, dicts, strings, numbers and numpy arrays.

    Raises DataError where it is missing, truncated, or asks for anything else.
    """
    try:
        return load_plain_pickle(path)
    except NotPlainError as error:
        raise DataError(
            f"{path} is no plain data: it asks for {error}; it was not run. Get the file from "
            "its publisher again."
        ) from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except DamagedError as error:
        raise DataError(f"{path} is damaged or no pickle: {error}.") from error


def load_plain_pickle(
    source: Path | bytes,
    makers: Makers | None = None,
    *,
    classes: Mapping[tuple[str, str], type] | None = None,
    stored: Callable[[Any], Any] | None = None,
) -> Any:
    """Whatever a pickle holds, if that is plain data.

    Args:
        source: file or content of a pickle of any protocol, written by Python 2 or 3.
        makers: for further names; they must be safe with any arguments.
        classes: for names of objects; they must take any state in ``__setstate__``.
        stored: gives what lies outside of the pickle, by its identifier; None: nothing does.

    Raises:
        NotPlainError: it asks for anything else; nothing of it was run.
        DamagedError: it is cut off or no pickle.
        OSError: it cannot be read.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        try:
            _check(_Bounded(file, size), _REFUSED if stored is None else _REFUSED - {"BINPERSID"})
            file.seek(0)
            reader = _PlainUnpickler(
                _Bounded(file, size), _MAKERS | dict(makers or {}), classes or {}, stored
            )
            return reader.load()
        except (NotPlainError, OSError):
            raise
        except (MemoryError, RecursionError, Exception) as error:
            # A damaged file can fail in any way that an opcode can.
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise DamagedError(reason) from error


class _Bounded:
    """A file that refuses to read past its end, before memory for that is asked for."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def read(self, count: int = -1) -> bytes:
        if count > self._size - self._file.tell():
            raise EOFError(f"{count} bytes are asked for where fewer are left")
        return self._file.read(count)

    def readinto(self, target: bytearray) -> int:
        return self._file.readinto(target)  # type: ignore[attr-defined,no-any-return]

    def readline(self) -> bytes:
        return self._file.readline()


def _check(file: _Bounded, refused: frozenset[str]) -> None:
    """Reads all instructions without following them."""
    number = 0
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file), 1):  # type: ignore[arg-type]
        if opcode.name in refused:
            raise NotPlainError(f"the instruction {opcode.name}")
        if opcode.name in _MEMO and int(argument or 0) > number:
            raise NotPlainError(f"{argument} places of memory")
    if not number:
        raise EOFError("it is empty")


class _Maker:
    """Stands for a name: it can be called, and nothing can be set on it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise NotPlainError("a change of a function")


class _PlainUnpickler(pickle.Unpickler):
    def __init__(
        self,
        file: _Bounded,
        makers: Makers,
        classes: Mapping[tuple[str, str], type],
        stored: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(file, encoding="latin-1")
        self._makers, self._classes, self._stored = makers, classes, stored

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._classes:
            return self._classes[module, name]
        if (module, name) not in self._makers:
            raise NotPlainError(f"{module}.{name}")
        return _Maker(self._makers[module, name])

    def persistent_load(self, identifier: Any) -> Any:
        if self._stored is None:
            raise NotPlainError("what lies outside of it")
        return self._stored(identifier)


class _Dtype:
    """Type of the numbers of an array, until the file has told their byte order."""

    def __init__(self, text: str, *_: object) -> None:
        if not isinstance(text, str) or _NUMBER.fullmatch(text) is None:
            raise NotPlainError(f"an array of {str(text)[:20]!r}, which are no numbers")
        self.value = np.dtype(text)

    def __setstate__(self, state: tuple[object, ...]) -> None:
        order, parts = state[1], state[2:5]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in parts):
            raise NotPlainError("an array of structures")
        self.value = self.value.newbyteorder(order)


class _Array(np.ndarray):
    """An array that is empty until the file has told its content."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, dtype, fortran, content = state[-4:]
        sizes, number = _checked(shape, dtype, content)
        known: Any = (1, sizes, number, bool(fortran), _bytes(content))
        super().__setstate__(known)


def _checked(shape: Any, dtype: Any, content: Any) -> tuple[tuple[int, ...], Any]:
    """Shape and type if the content is that large. Raises NotPlainError."""
    if not isinstance(dtype, _Dtype):
        raise NotPlainError("an array without a type")
    sizes = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise NotPlainError("an array without a shape")
    if math.prod(sizes) * dtype.value.itemsize != len(content):
        raise NotPlainError(f"an array of shape {list(sizes)} from {len(content)} bytes")
    return sizes, dtype.value


def _bytes(content: Any = b"", *_: object) -> bytes:
    """Bytes of bytes, or of text where Python 2 or an old protocol wrote them as that."""
    if not isinstance(content, (str, bytes, bytearray)):
        raise NotPlainError(f"bytes from {type(content).__name__}")
    return content.encode("latin-1") if isinstance(content, str) else bytes(content)


def _reconstruct(*_: object) -> _Array:
    return np.ndarray.__new__(_Array, (0,), "b")


def _scalar(dtype: Any, content: str | bytes) -> Any:
    sizes, number = _checked((1,), dtype, content)
    return np.frombuffer(_bytes(content), number, sizes[0])[0]


def _frombuffer(content: bytes | bytearray, dtype: Any, shape: Any, order: str, *_: object) -> Any:
    sizes, number = _checked(shape, dtype, content)
    flat = np.frombuffer(bytearray(content), number)
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def _encode(text: str, encoding: str) -> bytes:
    """How old protocols write bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise NotPlainError(f"the encoding {str(encoding)[:20]!r}")
    return text.encode("latin-1")


def _nothing(*_: object) -> None:
    raise NotPlainError("an array in a way that is not known")


_MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _nothing,  # only named, never called
    **{
        (module, name): make
        for module in ("builtins", "__builtin__")  # as Python 3 and 2 name them
        for name, make in (
            ("set", set),
            ("frozenset", frozenset),
            ("bytes", _bytes),
            ("bytearray", _bytes),
        )
    },
    **{
        (f"numpy.{core}.{module}", name): make
        for core in ("core", "_core")  # before and since numpy 2
        for module, name, make in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}
