"""Zip files that come out the same for the same files."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import DataError
from ...formats.atomic import replacing
from ...formats.output_places import output_file

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold
_UNIX = 3
_READABLE_FILE = 0o100644 << 16


@dataclass(frozen=True, order=True)
class Entry:
    """A file for the archive: its name there, with "/", and where it is now."""

    name: str
    path: Path


def write_archive(path: Path, entries: Iterable[Entry]) -> None:
    """Writes all entries, sorted by name and without dates, whole or not at all.

    PNG files are stored as they are, everything else is compressed.

    Raises:
        DataError: an entry has a name that leaves the archive, or cannot be read.
        OutputError: the place cannot be written to.
    """
    ordered = sorted(entries)
    for entry in ordered:
        parts = PurePosixPath(entry.name).parts
        if not parts or ".." in parts or entry.name.startswith("/") or "\\" in entry.name:
            raise DataError(f"{entry.path} would be called {entry.name!r} outside of the archive.")
    with (
        output_file(path),
        replacing(path) as partial,
        zipfile.ZipFile(partial, "w") as archive,
    ):
        for entry in ordered:
            _add(archive, entry)


def _add(archive: zipfile.ZipFile, entry: Entry) -> None:
    about = zipfile.ZipInfo(entry.name, _EARLIEST)
    about.create_system = _UNIX
    about.external_attr = _READABLE_FILE
    stored = entry.name.lower().endswith(".png")  # compressed already
    about.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    try:
        source = entry.path.open("rb")
    except OSError as error:
        raise DataError(f"{entry.path} cannot be read: {error.strerror or error}.") from error
    with source:
        about.file_size = entry.path.stat().st_size
        with archive.open(about, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
