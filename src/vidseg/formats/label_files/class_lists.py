"""Class lists: of the command line, of files, and of sources that lack a part of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...labels import Category
from ...vocabularies import ALIASES, Vocabulary, from_names, get_vocabulary, vocabulary_names
from ..layouts.coco_lists import read_categories
from ..layouts.problems import STRICT
from ..layouts.rows import is_name
from ..plain_values import shown
from ..reading import read_any_json
from ..texts import read_text

_FROM_ZERO = frozenset({"ade20k", "camvid", "cityscapes", "kitti_step", "vipseg"})
_WITH_GAPS = frozenset({"coco", "coco_panoptic"})


def load_class_list(text: str) -> tuple[Category, ...]:
    """The classes that ``text`` names.

    Args:
        text: a JSON file with COCO's ``categories``, a text file of one name a line, a published
            list such as "ytvis2021" in its official numbers, or names with commas between them.
            Names of a text are numbered from 1.

    Raises DataError for a file that cannot be understood, or a list whose numbers have gaps that
    the name alone does not tell; VocabularyError for names that are blank or come twice.
    """
    path = Path(text)
    if path.is_file():
        if path.suffix == ".json":
            return _from_json(path)
        lines = read_text(path, "class list").splitlines()
        return numbered([line.strip() for line in lines if line.strip()], path)
    key = text.strip().lower().replace("-", "_")
    key = ALIASES.get(key, key)
    if key not in vocabulary_names():
        if not is_name(text):
            raise DataError(f"The class list {shown(text)} is no text.")
        return _numbered(from_names(text), 1)
    if key in _WITH_GAPS:
        raise DataError(
            f"The numbers of {key} have gaps; give a JSON file with its categories instead."
        )
    return published_classes(key, start=0 if key in _FROM_ZERO else 1)


def published_classes(vocabulary: str, *, start: int = 0) -> tuple[Category, ...]:
    """The names of a published list, numbered upwards from ``start``."""
    return _numbered(get_vocabulary(vocabulary), start)


def _numbered(names: Vocabulary, start: int) -> tuple[Category, ...]:
    return tuple(
        Category(number, name, thing)
        for number, (name, thing) in enumerate(
            zip(names.names, names.is_thing, strict=True), start=start
        )
    )


def _from_json(path: Path) -> tuple[Category, ...]:
    content = read_any_json(path)
    rows = content.get("categories") if isinstance(content, dict) else content
    return coco_categories(rows, path)


def coco_categories(rows: Any, path: Path) -> tuple[Category, ...]:
    """Classes of COCO's list {id, name, isthing}; without ``isthing`` a class is a thing.

    Raises DataError where the list is damaged, or a number or name comes twice.
    """
    return read_categories({"categories": rows}, path, STRICT)


def coco_rows(categories: Sequence[Category]) -> list[dict[str, int | str]]:
    """The same list as COCO writes it."""
    return [{"id": c.id, "name": c.name, "isthing": int(c.is_thing)} for c in categories]


def numbered(names: Sequence[str], path: Path, *, start: int = 1) -> tuple[Category, ...]:
    """Classes of a file that has names alone.

    Raises DataError where one comes twice, or cannot be written.
    """
    for name, count in Counter(names).items():
        if not is_name(name):
            raise DataError(f"{path} has a class of the name {shown(name)}, which is no text.")
        if count > 1:
            raise DataError(f"{path} has two classes of the name {name}.")
    return tuple(Category(number, name) for number, name in enumerate(names, start=start))
