"""COCO instances (Lin et al., 2014): polygons, run lengths and crowds of 80 things.

coco/
  annotations/
    instances_val2017.json      also without the year, and beside the pictures' folder
    image_info_test2017.json    images without labels
  val2017/                      or images/val2017/
    000000000139.jpg
"""

from __future__ import annotations

from pathlib import Path

from ...formats.reading import inside, read_json
from ...labels import LabelSource
from .annotated_images import (
    AnnotatedImages,
    Record,
    first_folder,
    parse_categories,
    parse_images,
    value_of,
)
from .split_files import find_split

FILES = {
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
"""Split → names of its list without ``.json``, the usual one first."""

SPLITS = tuple(FILES)
"""Those without a year are of 2017, or of a folder of one's own that gives no year."""


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    places = {
        name: tuple(f"{part}{stem}.json" for stem in stems for part in ("annotations/", ""))
        for name, stems in FILES.items()
    }
    name, file = find_split(folder, split, places, "coco_instances")
    content = read_json(file)
    pictures = picture_folder(folder, file.stem.rpartition("_")[2])

    def locate(record: Record) -> Path:
        return inside(pictures, value_of(record, "file_name", str, file), file)

    images = parse_images(content, file, locate)
    return AnnotatedImages(f"coco_instances {name}", images, parse_categories(content, file))


def picture_folder(folder: Path, part: str) -> Path:
    """Where COCO's pictures of ``part``, such as val2017, lie; test-dev is a part of test."""
    name = part.replace("test-dev", "test")
    return first_folder((folder / name, folder / "images" / name))
