"""Choosing between the released spellings of a place: ``imgs`` or ``images``, here or one above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...pictures.listing import is_hidden
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


def find_split(
    folder: Path, split: str | None, files: Mapping[str, Sequence[str]], dataset: str
) -> tuple[str, Path]:
    """The split and its annotation file.

    Args:
        folder: the dataset.
        split: as on the command line; None takes the only one that is there.
        files: as of :func:`split_files`.
        dataset: name for messages.

    Raises DataError where the folder is missing, the split is unknown or has no file, or several
    are there and none was named.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the one that holds {dataset}.")
    if split is not None and split not in files:
        known = ", ".join(filter(None, files))
        raise DataError(f"{dataset} has no split {split!r}; its splits are {known}.")
    found = split_files(folder, files, split)
    if not found:
        examples = [files[name][0] for name in files if name and split in (None, name)]
        raise DataError(
            f"{folder} holds no annotations of {dataset}; {' or '.join(examples[:3])} is wanted."
        )
    if len(found) > 1:
        raise DataError(
            f"{folder} holds the splits {', '.join(found)} of {dataset}; choose one with --split."
        )
    return next(iter(found.items()))


def subfolders(folder: Path) -> tuple[str, ...]:
    """Names of the folders in a folder, sorted, hidden ones left out; none for a missing one.

    Raises DataError where it cannot be listed.
    """
    if not folder.is_dir():
        return ()
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir()]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}.") from error
    return tuple(
        sorted(name for name in names if not is_hidden(name) and not name.startswith("__"))
    )


def path_inside(folder: Path, name: str, source: Path, problems: Problems) -> Path | None:
    """``folder / name`` for a name read from ``source``; None after a report if it leads out."""
    try:
        return inside(folder, name, source)
    except DataError as error:
        problems.error("missing files", source, str(error))
        return None
