"""YouTube-VOS 2018 and 2019.

    <split>/                                  train, valid, test; or such a folder itself
      JPEGImages/<video>/<frame>.jpg          every fifth frame
      Annotations/<video>/<frame>.png         palette, value = object
      meta.json                               videos.<video>.objects.<number> = {category, frames}

Objects may enter late. Videos for validation and test have a map only of frames in which objects
enter, and in it only those; the other frames are not labelled.
"""

from __future__ import annotations

from pathlib import Path

from ...labels import LabelSource
from .listing import check_all_listed, list_video, split_folder
from .object_maps import ObjectMaps, declared_classes, declared_tracks, read_meta

SPLITS = ("train", "valid", "test")


def open_source(folder: Path, split: str | None) -> LabelSource:
    """The release of 2019."""
    return _open(folder, split, "youtube_vos")


def open_youtube_vos2018(folder: Path, split: str | None) -> LabelSource:
    """The release of 2018, whose layout is the same."""
    return _open(folder, split, "youtube_vos2018")


def _open(folder: Path, split: str | None, name: str) -> LabelSource:
    root = split_folder(folder, split, SPLITS, "JPEGImages,Annotations")
    source = root / "meta.json"
    declared = read_meta(source)
    maps, pictures = root / "Annotations", root / "JPEGImages"
    check_all_listed(declared, source, maps, pictures)
    categories = declared_classes(declared)
    files = [list_video(video, maps / video, pictures / video) for video in declared]
    objects = [declared_tracks(video, categories) for video in declared.values()]
    return ObjectMaps(name, files, categories=categories, objects=objects, source=source)
