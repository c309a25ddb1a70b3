"""Which files of a folder are pictures, in which order, and what their names are without ending."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from pathlib import Path

from ..errors import DataError, VidsegError

PICTURE_ENDINGS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".bmp",
    ".gif",
    ".webp",
    ".avif",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
)
"""In small letters; files may have them in any case."""

_NUMBER = re.compile(r"(\d+)")
_SEPARATOR = re.compile(r"[/\\]")


def is_hidden(name: str) -> bool:
    """Whether a system or a file manager put the file there: ``._a.jpg``, ``.DS_Store``."""
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini", "__macosx")


def split_ending(name: str, endings: Container[str] = PICTURE_ENDINGS) -> tuple[str, str]:
    """(stem, ending) of the name or path of a picture; the ending as it is written.

    Only an ending that is one of a picture is cut off, and only the last.

    >>> split_ending("v/shot.v1.final.JPEG")
    ('v/shot.v1.final', '.JPEG')
    >>> split_ending("v/shot.v1")
    ('v/shot.v1', '')
    """
    stem, dot, ending = name.rpartition(".")
    nameless = _SEPARATOR.split(stem)[-1] in ("", ".", "..")  # "a/..jpg" would be the folder a
    if not dot or (dot + ending).lower() not in endings or nameless:
        return name, ""
    return stem, dot + ending


def is_picture_name(name: str, endings: Container[str] = PICTURE_ENDINGS) -> bool:
    """Whether a file of this name is a picture that is meant to be one."""
    return not is_hidden(name) and split_ending(name, endings)[1] != ""


def natural_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts frame2 before frame10, and never two different names at one place.

    Digits of any script count by their value, letters regardless of case. Names that differ in
    leading zeros or case alone are ordered by their characters.

    >>> sorted(["f10.png", "f2.png", "F1.png"], key=natural_order)
    ['F1.png', 'f2.png', 'f10.png']
    """
    pieces = _NUMBER.split(unicodedata.normalize("NFC", name))
    # A number and a text are never compared: the pieces of every name alternate, text first.
    keys = [
        (int(piece), "") if place % 2 else (0, piece.casefold())
        for place, piece in enumerate(pieces)
    ]
    return keys, name


def find_picture(stem: Path) -> Path | None:
    """The picture whose path without ending is known; None where there is none."""
    for ending in PICTURE_ENDINGS:
        for form in (ending, ending.upper(), "." + ending[1:].capitalize()):
            path = stem.with_name(stem.name + form)
            if path.is_file():
                return path
    return None


def list_pictures(
    folder: Path,
    endings: Container[str] = PICTURE_ENDINGS,
    error: type[VidsegError] = DataError,
) -> list[Path]:
    """The pictures directly inside a folder, in natural order; hidden files are left out.

    Raises ``error`` where the folder cannot be listed.
    """
    try:
        found = [path for path in folder.iterdir() if is_picture_name(path.name, endings)]
    except OSError as reason:
        raise error(f"{folder} cannot be listed: {reason.strerror}.") from reason
    files = [path for path in found if path.is_file()]
    return sorted(files, key=lambda path: frame_order(path.name))


def frame_order(name: str) -> tuple[tuple[list[tuple[int, str]], str], str]:
    """Sort key of files of frames: by their names without ending, then by the ending."""
    stem, ending = split_ending(name)
    return natural_order(stem), ending
