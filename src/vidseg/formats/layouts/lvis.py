"""LVIS v1 (Gupta et al., 2019): 1203 things on COCO's pictures, not all of them everywhere.

    coco/
      annotations/
        lvis_v1_val.json            or lvis_v1_val.json, or lvis/lvis_v1_val.json
      train2017/                    both folders: pictures of a split lie in either
      val2017/
        000000000139.jpg

An image names the classes that are surely absent (``neg_category_ids``) and those of which only
some objects are marked (``not_exhaustive_category_ids``); all other classes are unknown there.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path, PurePosixPath

from .coco_lists import Locate, class_ids
from .places import first_folder, path_inside
from .problems import Problems
from .rows import Row, name_of

_STEMS = {
    "train": "lvis_v1_train",
    "val": "lvis_v1_val",
    "minival": "lvis_v1_minival",
    "test-dev": "lvis_v1_image_info_test_dev",
    "test-challenge": "lvis_v1_image_info_test_challenge",
}

FILES = {
    split: tuple(f"{folder}{stem}.json" for folder in ("annotations/", "", "lvis/"))
    for split, stem in _STEMS.items()
}
"""Split → where its JSON file may lie, the usual place first."""

SPLITS = tuple(FILES)


ABSENT, PARTIAL = "neg_category_ids", "not_exhaustive_category_ids"


def classes_at(
    row: Row, key: str, known: Container[int], file: Path, problems: Problems
) -> tuple[int, ...]:
    """The classes that a row of ``images`` names under :data:`ABSENT` or :data:`PARTIAL`.

    Args:
        known: numbers of the classes that there are.
    """
    where = f"{file}: image {row.get('id')}"
    if key not in row:
        problems.error("classes", file, f"{where} has no {key}.")
    return class_ids(row, key, where, file, known, problems)


def pictures(root: Path, file: Path) -> Locate:
    """Where the pictures lie: addresses end in folder and file, ".../val2017/0000.jpg"."""

    def locate(row: Row, problems: Problems) -> Path | None:
        text = name_of(row, "coco_url", f"the image {row.get('id')}", file, problems)
        if text is None:
            return None
        address = PurePosixPath(text)
        ending = PurePosixPath(address.parent.name, address.name)
        if path_inside(root, str(ending), file, problems) is None:
            return None
        folder = first_folder((root / ending.parent, root / "images" / ending.parent))
        return folder / ending.name

    return locate
