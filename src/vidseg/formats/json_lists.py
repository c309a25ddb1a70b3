"""JSON written list by list, so that memory does not grow with the video or the dataset."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import OutputError
from .atomic import replacing


@contextmanager
def _refusals_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"Temporary files cannot be kept: {error.strerror or error}.") from error


class JsonSpool:
    """Rows of json on disk; only their places are remembered. The file has no name on disk.

    Raises OutputError where the disk refuses it.
    """

    def __init__(self) -> None:
        with _refusals_explained():
            self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115  (closed by close())

    def append(self, row: Any) -> int:
        """Stores a row and returns its place."""
        with _refusals_explained():
            place = self._file.seek(0, 2)
            self._file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        return place

    def read(self, place: int) -> Any:
        """The row stored at ``place``."""
        with _refusals_explained():
            self._file.seek(place)
            return json.loads(self._file.readline())

    def close(self) -> None:
        """Gives the disk space back."""
        with suppress(OSError):  # the disk refuses the last rows, which nobody asks for any more
            self._file.close()


class JsonLists:
    """A JSON object with small parts that are given at the end, and long lists.

    Args:
        path: the file, written whole by :meth:`close`.
        lists: names of the long lists, in order.
    """

    def __init__(self, path: Path, lists: Sequence[str]) -> None:
        self._path = path
        self._spool = JsonSpool()
        self._places = {name: array("q") for name in lists}

    def append(self, name: str, row: Any) -> None:
        """Adds a row to a list."""
        self._places[name].append(self._spool.append(row))

    def close(self, head: Mapping[str, Any]) -> None:
        """Writes the file: ``head``, then the lists. Raises OutputError where it cannot."""
        try:
            with replacing(self._path) as partial, partial.open("w", encoding="utf-8") as file:
                file.write("{")
                for name, value in head.items():
                    file.write(f"{json.dumps(name)}: {json.dumps(value)},\n")
                for number, (name, places) in enumerate(self._places.items()):
                    file.write((",\n" if number else "") + f"{json.dumps(name)}: [")
                    for position, place in enumerate(places):
                        file.write(",\n" if position else "\n")
                        file.write(json.dumps(self._spool.read(place)))
                    file.write("\n]")
                file.write("}\n")
        finally:
            self.discard()

    def discard(self) -> None:
        """Gives the disk space back without writing the file."""
        self._spool.close()


class JsonRows:
    """A JSON list that is written row by row; a ``with`` finishes it, unless an error leaves it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._rows = 0

    def append(self, row: Any) -> None:
        """Adds a row."""
        self._file.write((",\n" if self._rows else "[\n") + json.dumps(row))
        self._rows += 1

    def close(self) -> None:
        """Finishes the file."""
        self._file.write("\n]\n" if self._rows else "[]\n")
        self._file.close()

    def __enter__(self) -> JsonRows:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(OSError):  # what is buffered still
            self._file.close()
