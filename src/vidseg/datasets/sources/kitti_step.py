"""KITTI-STEP, laid out as :mod:`vidseg.formats.layouts.kitti_step` draws it.

A person or car without an instance is a crowd.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.label_files.class_lists import published_classes
from ...formats.layouts import kitti_step as layout
from ...labels import LabelSource, LabelTrack
from .base import VOID, Ids, MapVideos
from .listing import list_video


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    split = _split(folder, split)
    maps, pictures = layout.map_folder(folder, split), layout.picture_folder(folder, split)
    names = layout.sequences(folder, split)
    if not names:
        raise DataError(f"{pictures} holds no folder of a video.")
    files = [list_video(name, maps / name, pictures / name) for name in names]
    return StepVideos("kitti_step", published_classes("kitti_step"), files)


def _split(folder: Path, split: str | None) -> str | None:
    """The split that is there; None where ``panoptic_maps`` holds the sequences itself."""
    root = layout.map_folder(folder, None)
    if split is not None:
        if split != "test" and not (root / split).is_dir():
            raise DataError(f"{root} has no folder {split} for the split of that name.")
        return split
    there = layout.splits_in(folder)
    if len(there) > 1:
        raise DataError(
            f"{root} holds the splits {', '.join(there)}; choose one of them with --split."
        )
    if not there and not root.is_dir():
        raise DataError(f"{folder} has no folder panoptic_maps; give the folder that holds it.")
    return there[0] if there else None


class StepVideos(MapVideos):
    """Track id = 65536 (class + 1) + instance."""

    def _read(self, video: int, path: Path) -> Ids:
        pairs = layout.read_pairs(path)
        void = pairs == layout.VOID_PAIR
        strange = pairs[~void & (pairs >> 16 >= layout.CLASSES)]
        if len(strange):
            raise DataError(
                f"The label map {path} has the class {strange[0] >> 16}; classes 0 to "
                f"{layout.CLASSES - 1} and {layout.VOID} are wanted."
            )
        return np.where(void, VOID, pairs + 65536)

    def _track(self, video: int, id: int) -> LabelTrack:
        category = self.categories[(id >> 16) - 1]
        return LabelTrack(id, category.id, is_crowd=category.is_thing and id & 0xFFFF == 0)
