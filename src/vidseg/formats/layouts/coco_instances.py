"""COCO instances (Lin et al., 2014): polygons, run lengths and crowds of 80 things.

coco/
  annotations/                  or the folder itself
    instances_val2017.json      also without the year
    image_info_test2017.json    images without labels
  val2017/                      or images/val2017/, or images/
    000000000139.jpg
"""

from __future__ import annotations

from pathlib import Path

from .coco_lists import Locate, by_file_name
from .coco_panoptic import picture_folder

_STEMS = {
    "train": ("instances_train2017", "instances_train"),
    "val": ("instances_val2017", "instances_val"),
    "test": ("image_info_test2017",),
    "test-dev": ("image_info_test-dev2017",),
    "unlabeled": ("image_info_unlabeled2017",),
    "train2014": ("instances_train2014",),
    "val2014": ("instances_val2014",),
    "test2014": ("image_info_test2014",),
    "test2015": ("image_info_test2015",),
    "test-dev2015": ("image_info_test-dev2015",),
}

FILES = {
    split: tuple(f"{folder}{stem}.json" for stem in stems for folder in ("annotations/", ""))
    for split, stems in _STEMS.items()
}
"""Split → where its JSON file may lie, the usual place first."""

SPLITS = tuple(FILES)
"""Those without a year are of 2017, or of a folder of one's own that gives no year."""


def pictures(root: Path, file: Path) -> Locate:
    """Where the pictures of a JSON file lie."""
    return by_file_name(picture_folder(root, file), file)
