"""COCO panoptic (Kirillov et al., 2019): a PNG of segment ids per still, and a JSON of segments.

coco/
  annotations/
    panoptic_val2017.json       also without the year, and in the folder itself
    panoptic_val2017/           or panoptic_val2017/ in the folder itself
      000000000139.png          id = R + 256 G + 65536 B; 0 is not labelled
  val2017/                      or images/val2017/
    000000000139.jpg
"""

from __future__ import annotations

from pathlib import Path

from ...formats.reading import read_json
from ...labels import LabelSource
from .annotated_images import first_folder
from .coco_instances import picture_folder
from .panoptic_stills import PanopticStills
from .split_files import find_split

SPLITS = ("train", "val")
"""Of 2017, or of a folder of one's own that gives no year."""


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    places = {
        name: tuple(
            f"{part}panoptic_{name}{year}.json"
            for year in ("2017", "")
            for part in ("annotations/", "")
        )
        for name in SPLITS
    }
    name, file = find_split(folder, split, places, "coco_panoptic")
    maps = first_folder((file.with_suffix(""), folder / file.stem, folder / "panoptic"))
    pictures = picture_folder(folder, file.stem.rpartition("_")[2])
    return PanopticStills(f"coco_panoptic {name}", read_json(file), file, maps, pictures)
