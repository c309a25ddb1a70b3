"""Lists in the manner of COCO: rows by id, classes, crowds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...labels import Category
from .problems import Problems
from .rows import Row, rows, whole_number


def keyed(content: Row, key: str, noun: str, file: Path, problems: Problems) -> dict[Any, Row]:
    """id → row of the list ``content[key]``, in order; rows without an id are left out.

    Args:
        noun: a row in words, for the sentences: "image".
    """
    found: dict[Any, Row] = {}
    for place, row in enumerate(rows(content, key, file, problems)):
        id = row.get("id")
        if not isinstance(id, (int, str)) or isinstance(id, bool):
            problems.error("ids", file, f"{file}: {noun} number {place} of {key!r} has no id.")
        elif id in found:
            problems.error("ids", file, f"{file} has the {noun} id {id} twice.")
        else:
            found[id] = row
    return found


def read_categories(
    content: Row, file: Path, problems: Problems, *, stuff: bool = False
) -> tuple[Category, ...]:
    """The list ``categories`` in its order, each number and each name once.

    Args:
        stuff: the list must say with ``isthing`` what is stuff; else ``isthing`` or ``type`` may,
            and nothing is where they do not.
    """
    found: dict[int, Category] = {}
    names: dict[str, int] = {}
    for row in keyed(content, "categories", "category", file, problems).values():
        id = whole_number(row, "id", "a category", file, problems)
        if id is None:
            continue
        name = row.get("name")
        fault = ""
        if not isinstance(name, str) or not name:
            fault = f"{file}: category {id} has no name; add it."
        elif name in names:
            fault = f"{file} calls both category {names[name]} and category {id} {name!r}."
        elif stuff and row.get("isthing") not in (0, 1):
            fault = f"{file} does not say with 0 or 1 whether category {id} is a thing."
        if fault:
            problems.error("classes", file, fault)
        names[str(name)] = id
        thing = row.get("isthing", row.get("type", "thing") != "stuff")
        found[id] = Category(id, str(name), bool(thing))
    if not found and content.get("categories") == []:
        problems.error("classes", file, f"{file} lists no category.")
    return tuple(found.values())


def is_crowd(row: Row, where: str, file: Path, problems: Problems) -> bool:
    """``iscrowd`` of an annotation, False where it is not given."""
    crowd = row.get("iscrowd", 0)
    if crowd not in (0, 1):
        problems.error("values", file, f"{where} has iscrowd {crowd!r}; 0 or 1 is wanted.")
    return bool(crowd)
