"""SA-1B (Kirillov et al., 2023): photographs with about a hundred masks each, without classes.

sa1b/                           as its archives unpack: everything in one folder,
  sa_000000/                    or a folder per archive
    sa_1.jpg
    sa_1.json                   {"image": {...}, "annotations": [...]}

sa1b/                           or pictures and labels apart
  images/sa_000000/sa_1.jpg
  annotations/sa_000000/sa_1.json
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..plain_values import shown
from .coco_lists import check_object, keyed
from .problems import Problems
from .rows import Row, json_object, row_size

SPLITS: tuple[str, ...] = ()
"""All of it is for training."""


@dataclass(frozen=True)
class Still:
    """A still; its name is its place below the folder, without ending."""

    name: str
    picture: Path
    labels: Path


def find_stills(folder: Path) -> list[Still]:
    """All that have a picture or labels, by folder, then by number."""
    apart = (folder / "annotations").is_dir()
    pictures = folder / "images" if apart else folder
    labels = folder / "annotations" if apart else folder
    names = {
        path.relative_to(root).with_suffix("").as_posix()
        for root, ending in ((pictures, ".jpg"), (labels, ".json"))
        for path in root.rglob(f"sa_*{ending}")
    }
    return [
        Still(name, pictures / f"{name}.jpg", labels / f"{name}.json")
        for name in sorted(names, key=_order)
    ]


def _order(name: str) -> tuple[str, int, str]:
    folder, _, stem = name.rpartition("/")
    digits = stem.removeprefix("sa_")
    return folder, int(digits) if digits.isdecimal() else -1, stem


def read_labels(still: Still, problems: Problems) -> tuple[tuple[int, int], Sequence[Row]] | None:
    """(height, width) and the rows of the masks; None after a report where these are missing."""
    file = still.labels
    content = json_object(file, problems)
    if content is None:
        return None
    image: Any = content.get("image")
    if not isinstance(image, dict):
        problems.error("unreadable files", file, f"{file} has no 'image' with height and width.")
        return None
    size = row_size(image, f"{file}: its 'image'", file, problems)
    if size is None:
        return None
    name = image.get("file_name")
    if name != still.picture.name:
        sentence = f"{file} is of the picture {shown(name)}, not {still.picture.name}."
        problems.error("ids", file, sentence)
    rows = keyed(content, "annotations", "annotation", file, problems)
    for id, row in rows.items():
        check_object(row, f"{file}: annotation {id}", file, problems)
    return size, list(rows.values())
