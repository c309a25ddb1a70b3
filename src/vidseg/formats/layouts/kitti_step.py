"""KITTI-STEP.

    panoptic_maps/<split>/<sequence>/<frame>.png     RGB: R class 0..18, 255 void;
                                                     instance = 256 G + B; not for test
    images/<split>/<sequence>/<frame>.png            or, as KITTI tracking unpacks,
    training/image_02/<sequence>/<frame>.png         for train and val,
    testing/image_02/<sequence>/<frame>.png          for test

``panoptic_maps`` may hold the sequences itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...pictures.label_maps import read_rgb_values
from ...types import IdMap
from .places import first_folder, subfolders

SPLITS = ("train", "val", "test")
MAPS = "panoptic_maps"
CLASSES = 19
THINGS = (11, 13)
"""Person and car; only they have instances."""
VOID = 255
VOID_PAIR = VOID << 16


def map_folder(root: Path, split: str | None) -> Path:
    """The folder of the sequences' maps; ``panoptic_maps`` itself without a split."""
    return root / MAPS if split is None else root / MAPS / split


def picture_folder(root: Path, split: str | None) -> Path:
    """The folder of the sequences' pictures; KITTI tracking keeps train and val in one."""
    tracking = root / ("testing" if split == "test" else "training") / "image_02"
    return first_folder((root / "images" / (split or ""), tracking))


def splits_in(root: Path) -> tuple[str, ...]:
    """The splits whose maps are there."""
    return tuple(split for split in SPLITS if map_folder(root, split).is_dir())


def sequences(root: Path, split: str | None) -> tuple[str, ...]:
    """Names of the sequences that have maps, else of those that have pictures."""
    pictures = picture_folder(root, split)
    mixed = pictures.name == "image_02" and split != "test"  # holds those of train and val
    return subfolders(map_folder(root, split)) or (() if mixed else subfolders(pictures))


def read_pairs(path: Path) -> IdMap:
    """[H, W] class · 65536 + instance of a map; void is :data:`VOID_PAIR`. Raises DataError."""
    values = read_rgb_values(path).astype(np.int32)
    pairs: IdMap = (values[..., 0] << 16) + (values[..., 1] << 8) + values[..., 2]
    pairs[values[..., 0] == VOID] = VOID_PAIR
    return pairs
