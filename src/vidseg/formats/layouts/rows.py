"""Typed values out of the rows of JSON lists; what is not as it should be is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..reading import read_any_json
from .problems import Problems

Row = Mapping[str, Any]


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


def whole_number(row: Row, key: str, what: str, file: Path, problems: Problems) -> int | None:
    """``row[key]`` where it is a whole number, else None after a report.

    Args:
        what: the row in words, for the sentence: "the segment 3 of dog, image 00001".
    """
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    problems.error(
        "ids", file, f"{file}: {key!r} of {what} is {value!r} where a whole number is wanted."
    )
    return None


def name_of(row: Row, key: str, what: str, file: Path, problems: Problems) -> str | None:
    """``row[key]`` as text where it is text or a whole number, else None after a report."""
    value = row.get(key)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    problems.error("ids", file, f"{file}: {key!r} of {what} is {value!r} where a name is wanted.")
    return None


def row_size(row: Row) -> tuple[int, int] | None:
    """(height, width) of a video or image row; None where it has none."""
    height, width = row.get("height"), row.get("width")
    if type(height) is int and type(width) is int and height > 0 and width > 0:
        return height, width
    return None
