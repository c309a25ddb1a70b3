"""VIPOSeg, panoptic video object segmentation.

    <split>/                                 train, valid (or val); or such a folder itself
      JPEGImages/<video>/<frame>.jpg
      Annotations/<video>/<frame>.png        palette, value = object; train: all frames; valid: only
                                             frames in which objects enter, and in it only those
      Annotations_gt/<video>/<frame>.png     valid: all frames, read in place of Annotations
      obj_class.json                         <video> -> <object> -> class 0..123 of VIPSeg

The value 255 is an object like any other.
"""

from __future__ import annotations

from pathlib import Path

from ..plain_values import shown
from .places import first_folder, path_inside
from .problems import STRICT, Problems
from .rows import json_object, numbered

SPLITS = ("train", "valid")
PICTURES, GIVEN, ALL_MAPS = "JPEGImages", "Annotations", "Annotations_gt"
CLASSES = 124
_FOLDERS = {"train": ("train",), "valid": ("valid", "val")}

Objects = dict[str, dict[int, int]]
"""Video → object → class."""


def parts(root: Path, split: str | None = None) -> dict[str, Path]:
    """Split → its folder, for those that are there and asked for.

    Where ``root`` is such a folder itself it is of the split that is asked for, "" for none.
    """
    found = {
        name: first_folder([root / spelling for spelling in spellings])
        for name, spellings in _FOLDERS.items()
        if split in (None, name)
    }
    found = {name: folder for name, folder in found.items() if _is_part(folder)}
    return found or ({split or "": root} if _is_part(root) else {})


def _is_part(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in (PICTURES, GIVEN, ALL_MAPS))


def map_folder(part: Path) -> Path:
    """The folder of the maps that show all objects in all frames."""
    return first_folder((part / ALL_MAPS, part / GIVEN))


def class_file(part: Path) -> Path:
    """The file of the classes of the objects."""
    return part / "obj_class.json"


def read_objects(part: Path, problems: Problems = STRICT) -> Objects:
    """The classes of the objects of all videos, in the order of the file."""
    source = class_file(part)
    found: Objects = {}
    for video, rows in (json_object(source, problems) or {}).items():
        if path_inside(part, video, source, problems) is None:
            continue
        if not isinstance(rows, dict):
            problems.error("classes", source, f"{source} has no objects of the video {video}.")
            continue
        objects = found[video] = {}
        for key, label in rows.items():
            id = numbered(key)
            kind = label if type(label) is int else numbered(label)
            if id and id not in objects and kind is not None and 0 <= kind < CLASSES:
                objects[id] = kind
            else:
                problems.error(
                    "classes",
                    source,
                    f"{source} gives object {shown(key)} of {video} the class {shown(label)}; "
                    f"objects are numbers from 1, each once, and classes 0 to {CLASSES - 1}.",
                )
    return found
