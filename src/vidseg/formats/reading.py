"""Opening the JSON of datasets, with errors that name the file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast

from ..errors import DataError
from .plain_values import shown
from .texts import read_text

_LONGEST_NAME, _LONGEST_PATH = 255, 2048
"""Bytes of the name of a file, and of a path below a folder."""

_ON_WINDOWS = os.name == "nt"
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[1-9]|lpt[1-9]) *(\..*)?|.*[<>:\"|?*].*|.*[. ]", re.IGNORECASE | re.DOTALL
)
"""Names that Windows takes for devices (NUL.png is nowhere), for streams, or changes."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises DataError if the file is missing or is not one."""
    content = read_any_json(path)
    if not isinstance(content, dict):
        raise DataError(f"The annotation file {path} holds no JSON object.")
    return cast(dict[str, Any], content)


def read_any_json(path: Path) -> Any:
    """Whatever the JSON file holds. Raises DataError if it is missing or truncated."""
    return parse_json(path, json.loads)


def loads(text: str | bytes) -> Any:
    """As ``json.loads``; lists that are nested too deeply are a ValueError as well."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("its lists are nested too deeply") from None


def parse_json(path: Path, parse: Callable[[str], Any]) -> Any:
    """What ``parse`` makes of the text of a file. Raises DataError, naming it, where it cannot."""
    try:
        return parse(read_text(path, "annotation file"))
    except RecursionError:
        reason = "its lists are nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise DataError(f"Cannot read the annotation file {path}: {reason}.")


def inside(folder: Path, name: str, source: Path) -> Path:
    """``folder / name`` for a relative name read from ``source``.

    Raises DataError if the name would leave the folder, or can be no name of a file.
    """
    relative = PurePosixPath(name)
    # "..jpg" without its ending is ".", the folder itself.
    upwards = any(part.startswith("..") for part in relative.parts)
    drive = name[1:3] in (":/", ":\\") and name[0].isalpha()
    if not relative.name or relative.is_absolute() or upwards or drive or "\\" in name:
        raise DataError(f"{source} names the file {shown(name)}, which lies outside of {folder}.")
    if not _is_possible(relative):
        raise DataError(f"{source} names the file {shown(name)}, which no file can be called.")
    return folder / relative


def _is_possible(name: PurePosixPath) -> bool:
    """Whether file systems take the name."""
    try:
        parts = [part.encode() for part in name.parts]
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    if _ON_WINDOWS and any(_RESERVED.fullmatch(part) for part in name.parts):
        return False
    short = all(len(part) <= _LONGEST_NAME for part in parts)
    return short and sum(map(len, parts)) < _LONGEST_PATH and b"\0" not in b"".join(parts)
