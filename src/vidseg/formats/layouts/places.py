"""Choosing between the released spellings of a place: ``imgs`` or ``images``, here or one above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def split_files(
    folder: Path, files: Mapping[str, Sequence[str]], split: str | None = None
) -> dict[str, Path]:
    """Split → its file, of those that are there, in the order of ``files``.

    Args:
        files: split → where its file may lie, relative to the folder, the usual place first; ""
            is a folder of one split alone, and counts where no split is named and no other found.
        split: the only one to look for.
    """
    found = {
        name: file
        for name, places in files.items()
        if split in (None, name)
        if (file := first_file(folder / place for place in places)) is not None
    }
    if len(found) > 1:
        found.pop("", None)
    return found


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
