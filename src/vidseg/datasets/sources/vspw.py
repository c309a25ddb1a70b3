"""VSPW, raw and at 480p.

    data/<video>/origin/<frame>.jpg
    data/<video>/mask/<frame>.png          grey: 0 other, 1..124 classes, 255 void; not for test
    {train,val,test}.txt                   names of videos

Official scores are taken on mapped copies with classes 0..123 and 255 for void (and "other"); those
open as ``vspw_mapped``. Both number the classes of VIPSeg. A track is all of a class; classes of
things are not separated into objects and are therefore crowds. "Other" is void.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.reading import read_small_label_map
from ...labels import LabelSource, LabelTrack
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles, all_videos, list_video, listed_videos
from .published_classes import published_classes

SPLITS = ("train", "val", "test")
_VOID = 255


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Masks with the numbers of the release."""
    return VspwVideos("vspw", _files(folder, split), first_class=1)


def open_mapped(folder: Path, split: str | None) -> LabelSource:
    """Masks with classes from 0."""
    return VspwVideos("vspw_mapped", _files(folder, split), first_class=0)


def _files(folder: Path, split: str | None) -> list[VideoFiles]:
    root = folder / "data"
    if not root.is_dir():
        raise DataError(f"{folder} has no folder data; give the folder that holds data.")
    names = all_videos(root) if split is None else listed_videos(folder / f"{split}.txt", root)
    return [list_video(v, root / v / "mask", root / v / "origin") for v in names]


class VspwVideos(MapVideos):
    """The track of a class is numbered 1..124 in the order of the classes.

    Args:
        first_class: number of the first class in the masks, 0 or 1.
    """

    def __init__(self, name: str, files: Sequence[VideoFiles], *, first_class: int) -> None:
        super().__init__(name, published_classes("vipseg", start=first_class), files)
        self._table = np.full(256, -2, dtype=np.int16)
        values = np.arange(first_class, first_class + len(self.categories))
        self._table[values] = values - first_class + 1
        self._table[[0, _VOID] if first_class else [_VOID]] = VOID

    def _read(self, video: int, path: Path) -> Ids:
        values = read_small_label_map(path)
        ids = self._table[values]
        if (ids == -2).any():
            value = int(values[ids == -2][0])
            raise DataError(
                f"The label map {path} has the value {value}; classes "
                f"{self.categories[0].id} to {self.categories[-1].id} and {_VOID} are wanted."
            )
        return ids

    def _track(self, video: int, id: int) -> LabelTrack:
        category = self.categories[id - 1]
        return LabelTrack(id, category.id, is_crowd=category.is_thing)
