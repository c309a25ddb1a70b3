"""VIPOSeg, panoptic video object segmentation.

    <split>/                                 train, valid; or such a folder itself
      JPEGImages/<video>/<frame>.jpg
      Annotations/<video>/<frame>.png        palette, value = object; train: all frames; valid: only
                                             frames in which objects enter, and in it only those
      Annotations_gt/<video>/<frame>.png     valid: all frames, read in place of Annotations
      obj_class.json                         <video> -> <object> -> class 0..123 of VIPSeg

The value 255 is an object like any other.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.reading import inside, read_json
from ...labels import LabelSource, LabelTrack
from .annotated_images import value_of
from .listing import check_all_listed, list_video, split_folder
from .object_maps import ObjectMaps
from .published_classes import published_classes

SPLITS = ("train", "valid")


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split."""
    root = split_folder(folder, split, SPLITS, "JPEGImages,Annotations,Annotations_gt")
    source = root / "obj_class.json"
    classes = read_json(source)
    categories = published_classes("vipseg")
    truth = root / "Annotations_gt"
    maps = truth if truth.is_dir() else root / "Annotations"
    pictures = root / "JPEGImages"
    check_all_listed(classes, source, maps, pictures)
    objects = [_objects(classes, video, len(categories), source) for video in classes]
    files = [list_video(v, maps / v, pictures / v) for v in classes]
    return ObjectMaps("viposeg", files, categories=categories, objects=objects, source=source)


def _objects(
    classes: dict[str, object], video: str, known: int, source: Path
) -> dict[int, LabelTrack]:
    inside(source.parent, video, source)
    rows = value_of(classes, video, dict, source)
    tracks = {}
    for number in rows:
        category = value_of(rows, number, int, source)
        if not number.isdigit() or not 0 <= category < known:
            raise DataError(
                f"{source}: object {number} of {video} has the class {category}; numbers of "
                f"objects from 1 and classes 0 to {known - 1} are wanted."
            )
        tracks[int(number)] = LabelTrack(int(number), category)
    return tracks
