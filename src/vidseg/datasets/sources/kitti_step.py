"""KITTI-STEP.

    panoptic_maps/<split>/<sequence>/<frame>.png     RGB: R class 0..18, 255 void;
                                                     instance = 256 G + B; not for test
    images/<split>/<sequence>/<frame>.png            or, as KITTI tracking unpacks,
    training/image_02/<sequence>/<frame>.png         for train and val,
    testing/image_02/<sequence>/<frame>.png          for test

``panoptic_maps`` may hold the sequences itself. A person or car without an instance is a crowd.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.reading import read_rgb_values
from ...labels import LabelSource, LabelTrack
from .base import VOID, Ids, MapVideos
from .listing import all_videos, list_video, subfolders
from .published_classes import published_classes

SPLITS = ("train", "val", "test")
_VOID = 255


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    maps, split = _maps(folder, split)
    kitti = "testing" if split == "test" else "training"
    places = (folder / "images" / (split or ""), folder / kitti / "image_02")
    pictures = next((place for place in places if place.is_dir()), places[0])
    # KITTI tracking keeps the sequences of train and val in one folder.
    names = all_videos(maps) if subfolders(maps) else all_videos(pictures)
    files = [list_video(name, maps / name, pictures / name) for name in names]
    return StepVideos("kitti_step", published_classes("kitti_step"), files)


def _maps(folder: Path, split: str | None) -> tuple[Path, str | None]:
    """The folder of the sequences' maps, and the split that they are of."""
    root = folder / "panoptic_maps"
    if split is not None:
        if split != "test" and not (root / split).is_dir():
            raise DataError(f"{root} has no folder {split} for the split of that name.")
        return root / split, split
    there = [name for name in SPLITS if (root / name).is_dir()]
    if len(there) > 1:
        raise DataError(
            f"{root} holds the splits {', '.join(there)}; choose one of them with --split."
        )
    if there:
        return root / there[0], there[0]
    if not root.is_dir():
        raise DataError(f"{folder} has no folder panoptic_maps; give the folder that holds it.")
    return root, None


class StepVideos(MapVideos):
    """Track id = 65536 (class + 1) + instance."""

    def _read(self, video: int, path: Path) -> Ids:
        values = read_rgb_values(path).astype(np.int32)
        ids = ((values[..., 0] + 1) << 16) + (values[..., 1] << 8) + values[..., 2]
        void = values[..., 0] == _VOID
        strange = ~void & (values[..., 0] >= len(self.categories))
        if strange.any():
            raise DataError(
                f"The label map {path} has the class {values[..., 0][strange][0]}; classes 0 to "
                f"{len(self.categories) - 1} and {_VOID} are wanted."
            )
        ids[void] = VOID
        return ids

    def _track(self, video: int, id: int) -> LabelTrack:
        category = self.categories[(id >> 16) - 1]
        return LabelTrack(id, category.id, is_crowd=category.is_thing and id & 0xFFFF == 0)
