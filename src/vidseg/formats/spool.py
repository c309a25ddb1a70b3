"""A temporary file of json rows, so that memory does not grow with the video."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import OutputError


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
        self._file.seek(place)
        return json.loads(self._file.readline())

    def close(self) -> None:
        """Gives the disk space back."""
        self._file.close()
