"""A temporary file of json rows, so that memory does not grow with the video."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from ..errors import OutputError


class JsonSpool:
    """Rows of json on disk; only their places are remembered. The file has no name on disk."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115  (closed by close())

    def append(self, row: Any) -> int:
        """Stores a row and returns its place. OutputError where the disk refuses it."""
        try:
            place = self._file.seek(0, 2)
            self._file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise OutputError(
                f"Masks cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}."
            ) from error
        return place

    def read(self, place: int) -> Any:
        """The row stored at ``place``."""
        self._file.seek(place)
        return json.loads(self._file.readline())

    def close(self) -> None:
        """Gives the disk space back."""
        self._file.close()
