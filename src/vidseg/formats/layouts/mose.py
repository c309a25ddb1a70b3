"""MOSE, versions 1 and 2.

    <split>/                                 train, valid, test; or such a folder itself
      JPEGImages/<video>/<frame>.jpg
      Annotations/<video>/<frame>.png        palette, value = object; valid: the first frame alone
      meta.json                              or meta_<split>.json in or beside that folder

``meta.json`` has ``videos.<video>.objects``, numbers with or without classes, and may have
``length``, ``height`` and ``width``. Where it is missing the maps tell the objects.
"""

from __future__ import annotations

from pathlib import Path

from .places import first_file

SPLITS = ("train", "valid", "test")


def meta_file(part: Path) -> Path | None:
    """The list of the videos of a split; None where there is none."""
    name = f"meta_{part.name}.json"
    return first_file((part / "meta.json", part / name, part.parent / name))
