"""MOSE, versions 1 and 2.

    <split>/                                 train, valid; or such a folder itself
      JPEGImages/<video>/<frame>.jpg
      Annotations/<video>/<frame>.png        palette, value = object; valid: the first frame alone
      meta.json                              or meta_<split>.json beside the folder of the split

``meta.json`` has ``videos.<video>.objects``, numbers with or without classes, and may have
``height`` and ``width``. Where it is missing the maps tell the objects.
"""

from __future__ import annotations

from pathlib import Path

from ...labels import LabelSource
from .listing import all_videos, check_all_listed, list_video, split_folder
from .object_maps import ObjectMaps, declared_classes, declared_tracks, read_meta

SPLITS = ("train", "valid")


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Version 1."""
    return _open(folder, split, "mose")


def open_mosev2(folder: Path, split: str | None) -> LabelSource:
    """Version 2."""
    return _open(folder, split, "mosev2")


def _open(folder: Path, split: str | None, name: str) -> LabelSource:
    root = split_folder(folder, split, SPLITS, "JPEGImages,Annotations")
    maps, pictures = root / "Annotations", root / "JPEGImages"
    places = (root / "meta.json", root.parent / f"meta_{root.name}.json")
    source = next((place for place in places if place.is_file()), None)
    if source is None:
        names = all_videos(maps, pictures)
        return ObjectMaps(name, [list_video(v, maps / v, pictures / v) for v in names])
    declared = read_meta(source)
    check_all_listed(declared, source, maps, pictures)
    categories = declared_classes(declared)
    files = [
        list_video(v, maps / v, pictures / v, size=about.size) for v, about in declared.items()
    ]
    objects = [declared_tracks(about, categories) for about in declared.values()]
    return ObjectMaps(name, files, categories=categories, objects=objects, source=source)
