"""JSON files of tracks: finding the file, taking values out of it with errors that name them."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import DataError


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No search for unused cycles in the block: among a million new masks it only costs time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def json_files(path: Path, side: str) -> list[Path]:
    """The file itself, or the JSON files of a folder, at least one; ``side`` is for messages."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"The {side} {path} does not exist.")
    found = sorted(file for file in path.glob("*.json") if not file.name.startswith("."))
    if not found:
        raise DataError(f"The {side} folder {path} holds no JSON file.")
    return found


def json_file(path: Path, side: str) -> Path:
    """The file itself, or the one JSON file of a folder; ``side`` is for messages."""
    found = json_files(path, side)
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise DataError(f"The {side} folder {path} holds several JSON files ({names}); name one.")
    return found[0]


def whole(row: Any, key: str, place: str) -> int:
    """A whole number of a JSON object; DataError that begins with ``place`` for anything else."""
    value = entry(row, key, place)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{place} has the {key} {value!r}; a whole number is wanted.")
    return value


def finite(row: Any, key: str, place: str) -> float:
    """A finite number of a JSON object; DataError that begins with ``place`` for anything else."""
    value = entry(row, key, place)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"{place} has the {key} {value!r}; a finite number is wanted.")
    return float(value)


def entry(row: Any, key: str, place: str) -> Any:
    """What a JSON object holds under ``key``; DataError that begins with ``place`` for nothing."""
    if not isinstance(row, dict) or key not in row:
        raise DataError(f"{place} has no {key!r}.")
    return row[key]
