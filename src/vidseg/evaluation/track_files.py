"""JSON files of tracks: finding the file, taking values out of it with errors that name them."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from ..errors import DataError
from ..formats.reading import parse_json
from ..pictures.listing import is_hidden


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
    found = sorted(file for file in path.glob("*.json") if not is_hidden(file.name))
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


def entry(row: Any, key: str, place: str) -> Any:
    """What a JSON object holds under ``key``; DataError that begins with ``place`` for nothing."""
    if not isinstance(row, dict) or key not in row:
        raise DataError(f"{place} has no {key!r}.")
    return row[key]


def read_unique_json(path: Path) -> dict[str, Any]:
    """A JSON object; DataError for a damaged file, and where a key stands twice in one object."""
    content = parse_json(path, partial(json.loads, object_pairs_hook=_object))
    if not isinstance(content, dict):
        raise DataError(f"The annotation file {path} holds no JSON object.")
    return cast(dict[str, Any], content)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, where a key given twice (a track, say) would else be lost without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return found
