"""Choosing between the released spellings of a place: ``imgs`` or ``images``, here or one above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import DataError
from ..reading import inside
from .problems import Problems


def first_folder(places: Sequence[Path]) -> Path:
    """The first that is a folder; the first of all where none is, for messages."""
    return next((place for place in places if place.is_dir()), places[0])


def first_file(places: Iterable[Path]) -> Path | None:
    """The first that is a file."""
    return next((place for place in places if place.is_file()), None)


def subfolders(folder: Path) -> tuple[str, ...]:
    """Names of the folders in a folder, sorted, hidden ones left out; none for a missing one."""
    if not folder.is_dir():
        return ()
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return tuple(sorted(name for name in names if not name.startswith((".", "__"))))


def path_inside(folder: Path, name: str, source: Path, problems: Problems) -> Path | None:
    """``folder / name`` for a name read from ``source``; None after a report if it leads out."""
    try:
        return inside(folder, name, source)
    except DataError as error:
        problems.error("missing files", source, str(error))
        return None
