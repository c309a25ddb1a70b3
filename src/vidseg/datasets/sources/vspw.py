"""VSPW, laid out as :mod:`vidseg.formats.layouts.vspw` draws it.

The mapped copies open as ``vspw_mapped``. A track is all of a class; classes of things are not
separated into objects and are therefore crowds. "Other" is void.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.label_files.class_lists import published_classes
from ...formats.layouts import vspw as layout
from ...labels import LabelSource, LabelTrack
from ...pictures.label_maps import read_small_label_map
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles, all_videos, list_video


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Masks with the numbers of the release."""
    return VspwVideos("vspw", _files(folder, split), first_class=1)


def open_mapped(folder: Path, split: str | None) -> LabelSource:
    """Masks with classes from 0."""
    return VspwVideos("vspw_mapped", _files(folder, split), first_class=0)


def _files(folder: Path, split: str | None) -> list[VideoFiles]:
    root = layout.video_folder(folder)
    if not root.is_dir():
        raise DataError(f"{folder} has no folder data; give the folder that holds data.")
    names = all_videos(root) if split is None else layout.videos_of(folder, split)
    return [list_video(v, layout.maps(folder, v), layout.pictures(folder, v)) for v in names]


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
        self._table[[0, layout.VOID] if first_class else [layout.VOID]] = VOID

    def _read(self, video: int, path: Path) -> Ids:
        values = read_small_label_map(path)
        ids = self._table[values]
        if (ids == -2).any():
            value = int(values[ids == -2][0])
            raise DataError(
                f"The label map {path} has the value {value}; classes "
                f"{self.categories[0].id} to {self.categories[-1].id} and {layout.VOID} are wanted."
            )
        return ids

    def _track(self, video: int, id: int) -> LabelTrack:
        category = self.categories[id - 1]
        return LabelTrack(id, category.id, is_crowd=category.is_thing)
