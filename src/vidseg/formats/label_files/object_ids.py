"""Ids as tools write them - numbers, numbers as text, names, none - to the numbers of objects."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from ..layouts.rows import is_id, numbered

HIGHEST = (1 << 31) - 1
"""Of an object or class: every format's reader can hold it."""


def plain_id(value: object) -> int | str | None:
    """A whole number, also of text and of floats as spreadsheets write them; else a name.

    None for what is no id.

    >>> plain_id("12"), plain_id(3.0), plain_id("a7"), plain_id([])
    (12, 3, 'a7', None)
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    number = numbered(value.strip()) if isinstance(value, str) else None
    if number is not None:
        return number
    return value if is_id(value) else None  # type: ignore[return-value]


def object_numbers(ids: Iterable[Hashable]) -> dict[Hashable, int]:
    """Id → number: whole numbers from 1 on keep theirs, others get free ones in their order.

    >>> object_numbers([0, 2, "a"])
    {2: 2, 0: 1, 'a': 3}
    """
    unique = dict.fromkeys(ids)
    fit = (id for id in unique if isinstance(id, int) and 0 < id <= HIGHEST)
    found: dict[Hashable, int] = {id: id for id in fit}
    taken, following = set(found.values()), 1
    for id in unique:
        if id not in found:
            while following in taken:
                following += 1
            taken.add(following)
            found[id] = following
    return found
