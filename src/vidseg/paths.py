"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path


def user_path(name: str | Path) -> Path:
    """The path with ``~`` and ``~user`` as a shell would read them.

    Where no such user is known, a name may just begin so, and stays as it is.
    """
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
