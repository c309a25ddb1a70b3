"""Typed values out of the rows of JSON lists; what is not as it should be is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from ...errors import DataError
from ...limits import check_size
from ..plain_values import shown
from ..reading import read_any_json
from .problems import Problems

Row = Mapping[str, Any]

MOST_WHOLE = (1 << 63) - 1
"""Ids and counts beyond it fit no array."""

_DIGITS = len(str(MOST_WHOLE)) - 1


def json_object(file: Path, problems: Problems) -> Row | None:
    """Content of a JSON file that holds an object; None after a report where it does not."""
    try:
        content = read_any_json(file)
    except DataError as error:
        problems.error("unreadable files", file, str(error))
        return None
    if not isinstance(content, dict):
        problems.error(
            "unreadable files", file, f"The annotation file {file} holds no JSON object."
        )
        return None
    return content


def rows(content: Row, key: str, file: Path, problems: Problems) -> Iterator[Row]:
    """The objects of the list ``content[key]``, in order."""
    listed = content.get(key)
    if not isinstance(listed, list):
        problems.error("unreadable files", file, f"{file} lacks the list {key!r}.")
        return
    for row in listed:
        if isinstance(row, dict):
            yield row
        else:
            problems.error("JSON", file, f"{file}: an entry of {key!r} is no JSON object.")


def entry_list(row: Row, key: str, what: str, file: Path, problems: Problems) -> Sequence[Any]:
    """The list ``row[key]``; an empty one after a report where it is another value.

    Args:
        what: the row in words, for the sentence: "the segment 3 of dog, image 00001".
    """
    value = row.get(key)
    if isinstance(value, list):
        return value
    problems.error("JSON", file, f"{file}: {key!r} of {what} is {shown(value)}, no list.")
    return ()


def whole_number(row: Row, key: str, what: str, file: Path, problems: Problems) -> int | None:
    """``row[key]`` where it is a whole number, else None after a report.

    Args:
        what: as of :func:`entry_list`.
    """
    value = row.get(key)
    if type(value) is int and abs(value) <= MOST_WHOLE:
        return value
    problems.error(
        "ids",
        file,
        f"{file}: {key!r} of {what} is {shown(value)} where a whole number is wanted.",
    )
    return None


def name_of(row: Row, key: str, what: str, file: Path, problems: Problems) -> str | None:
    """``row[key]`` as text where it is text or a whole number, else None after a report."""
    value = row.get(key)
    if is_id(value):
        return str(value)
    problems.error(
        "ids", file, f"{file}: {key!r} of {what} is {shown(value)} where a name is wanted."
    )
    return None


def is_id(value: object) -> bool:
    """Whether rows can be told apart by a value: a whole number, or a name."""
    return is_name(value) or (type(value) is int and abs(value) <= MOST_WHOLE)


def is_name(value: object) -> TypeGuard[str]:
    """Whether a value is text that says something and can be written as UTF-8."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def numbered(key: object) -> int | None:
    """The whole number from 0 on that text spells in digits 0 to 9; None for anything else."""
    if not isinstance(key, str) or len(key) > _DIGITS:
        return None
    return int(key) if key.isascii() and key.isdecimal() else None


def row_size(
    row: Row, where: str, file: Path, problems: Problems, *, needed: bool = True
) -> tuple[int, int] | None:
    """(height, width) of a video or image row; None where it has none, or after a report.

    Args:
        where: file and row in words, to begin the sentence with.
        needed: whether a row that does not tell its size is at fault.
    """
    height, width = row.get("height"), row.get("width")
    if height is None and width is None:
        if needed:
            problems.error("sizes", file, f"{where} has no height and width.")
        return None
    if type(height) is not int or type(width) is not int:
        problems.error(
            "sizes",
            file,
            f"{where} has no height and width in whole pixels, but {shown(height)} and "
            f"{shown(width)}.",
        )
        return None
    try:
        check_size(width, height, where)
    except DataError as error:
        problems.error("sizes", file, str(error))
        return None
    return height, width
