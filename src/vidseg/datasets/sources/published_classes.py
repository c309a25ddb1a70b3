"""The published class lists as categories with the numbers that label maps use."""

from __future__ import annotations

from ...labels import Category
from ...vocabularies import get_vocabulary


def published_classes(vocabulary: str, *, start: int = 0) -> tuple[Category, ...]:
    """The names of a published list, numbered upwards from ``start``."""
    names = get_vocabulary(vocabulary)
    return tuple(
        Category(number, name, thing)
        for number, (name, thing) in enumerate(
            zip(names.names, names.is_thing, strict=True), start=start
        )
    )
