"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, one: str, many: str) -> str:
    """The number before what there is of it.

    >>> counted(1, "object has", "objects have"), counted(0, "object has", "objects have")
    ('1 object has', '0 objects have')
    """
    return f"{number} {one if number == 1 else many}"
