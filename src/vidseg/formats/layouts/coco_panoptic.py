"""COCO panoptic (Kirillov et al., 2019): a PNG of segment ids per still, and a JSON of segments.

coco/
  annotations/
    panoptic_val2017.json       also without the year, and in the folder itself
    panoptic_val2017/           or panoptic_val2017/ or panoptic/ in the folder itself
      000000000139.png          id = R + 256 G + 65536 B; 0 is not labelled
  val2017/                      or images/val2017/, or images/
    000000000139.jpg
"""

from __future__ import annotations

from pathlib import Path

from .places import first_folder

SPLITS = ("train", "val")
"""Of 2017, or of a folder of one's own that gives no year."""

FILES = {
    split: tuple(
        f"{folder}panoptic_{split}{year}.json"
        for year in ("2017", "")
        for folder in ("annotations/", "")
    )
    for split in SPLITS
}
"""Split → where its JSON file may lie, the usual place first."""


def map_folder(root: Path, source: Path) -> Path:
    """The folder of the PNG files of a JSON file."""
    return first_folder((source.with_suffix(""), root / source.stem, root / "panoptic"))


def picture_folder(root: Path, source: Path) -> Path:
    """The folder of the pictures of a JSON file of COCO; test-dev is a part of test."""
    part = source.stem.rpartition("_")[2].replace("test-dev", "test")
    return first_folder((root / part, root / "images" / part, root / "images"))
