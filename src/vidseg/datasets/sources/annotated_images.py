"""Values out of JSON rows, and a DataError for what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ...errors import DataError
from ...labels import Category

Record = Mapping[str, Any]
T = TypeVar("T")


def parse_categories(content: Record, source: Path) -> tuple[Category, ...]:
    """The list ``categories``; ``isthing`` or ``type`` say what is stuff, otherwise nothing is.

    Raises DataError for an entry without number or name, and for a number given twice.
    """
    categories = tuple(
        Category(
            value_of(record, "id", int, source),
            value_of(record, "name", str, source),
            bool(record.get("isthing", record.get("type", "thing") != "stuff")),
        )
        for record in value_of(content, "categories", list, source)
    )
    if len({category.id for category in categories}) < len(categories):
        raise DataError(f"{source} gives two classes the same id.")
    return categories


def picture_size(record: Record, source: Path) -> tuple[int, int]:
    """(height, width) of an entry of ``images``."""
    height = value_of(record, "height", int, source)
    width = value_of(record, "width", int, source)
    if height < 1 or width < 1:
        raise DataError(f"{source}: image {record.get('id')} has the size {height} × {width}.")
    return height, width


def value_of(record: Any, key: str, kind: type[T] | tuple[type, ...], source: Path) -> T:
    """``record[key]``. Raises DataError where it is missing or of another kind."""
    if not isinstance(record, Mapping):
        raise DataError(f"{source} holds {type(record).__name__} where an object is wanted.")
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(one.__name__ for one in kinds)
        which = f" of {record['id']!r}" if key != "id" and "id" in record else ""
        raise DataError(f"{source}: {key!r}{which} is {_short(value)}; {wanted} is wanted.")
    return value  # type: ignore[return-value]


def first_folder(candidates: Iterable[Path]) -> Path:
    """The first that is there; the very first where none is, for the message of a missing file."""
    folders = list(candidates)
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def _short(value: Any) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
