"""Choosing between the released spellings of a place: ``imgs`` or ``images``, here or one above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path


def first_folder(places: Sequence[Path]) -> Path:
    """The first that is a folder; the first of all where none is, for messages."""
    return next((place for place in places if place.is_dir()), places[0])


def first_file(places: Iterable[Path]) -> Path | None:
    """The first that is a file."""
    return next((place for place in places if place.is_file()), None)
