"""VIPSeg, as released and at 720p.

    imgs/<video>/<frame>.jpg              images/ in the copy at 720p
    panomasks/<video>/<frame>.png         grey, 8 or 16 bit: 0 void; below 125 class + 1 of a region
                                          that is not separated; else 100 (class + 1) + instance
    panomasksRGB/<video>/<frame>.png      RGB, segment id = R + 256 G + 65536 B, 0 void
    panoptic_gt_VIPSeg_<split>.json       or panoptic_gt_VIPSeg.json for all: lists the frames, the
                                          segments of panomasksRGB and the classes
    {train,val,test}.txt                  names of videos

Where a JSON file is there, it and panomasksRGB are read, else panomasks. A list that is missing is
taken from the package. Test videos have no masks.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.reading import read_label_map
from ...labels import LabelSource, LabelTrack
from .annotated_images import first_folder
from .base import VOID, Ids, MapVideos
from .listing import all_videos, list_video, listed_videos, read_names
from .published_classes import published_classes
from .vipseg_json import open_json

SPLITS = ("train", "val", "test")
_STEM = "panoptic_gt_VIPSeg"


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split; by default all videos, or those of the only JSON file."""
    pictures = first_folder((folder / "imgs", folder / "images"))
    source = _json(folder, split)
    if source is not None:
        of_all = split is not None and source.stem == _STEM
        names = read_names(_list(folder, split), pictures) if of_all else None
        return open_json(source, folder / "panomasksRGB", pictures, names)
    maps = folder / "panomasks"
    if not maps.is_dir() and not pictures.is_dir():
        raise DataError(
            f"{folder} has neither {_STEM}*.json nor panomasks nor imgs; give the folder that "
            f"holds them."
        )
    if split is None:
        chosen = all_videos(pictures, maps)
    else:
        chosen = listed_videos(_list(folder, split), pictures, maps)
    videos = [list_video(name, maps / name, pictures / name) for name in chosen]
    return VipsegMaps("vipseg", published_classes("vipseg"), videos)


def _json(folder: Path, split: str | None) -> Path | None:
    """The JSON file that describes a split; None where there is none."""
    whole = folder / f"{_STEM}.json"
    if split is not None:
        own = folder / f"{_STEM}_{split}.json"
        described = split != "test" and whole.is_file()  # it lists what has masks
        return own if own.is_file() else whole if described else None
    if whole.is_file():
        return whole
    there = [s for s in SPLITS if (folder / f"{_STEM}_{s}.json").is_file()]
    if len(there) > 1:
        raise DataError(
            f"{folder} holds the splits {', '.join(there)}; choose one of them with --split."
        )
    return folder / f"{_STEM}_{there[0]}.json" if there else None


def _list(folder: Path, split: str | None) -> Path:
    own = folder / f"{split}.txt"
    return own if own.is_file() else Path(__file__).with_name("split_lists") / f"vipseg_{split}.txt"


class VipsegMaps(MapVideos):
    """The masks of the release; the track id is their value."""

    def _read(self, video: int, path: Path) -> Ids:
        values = read_label_map(path)
        return np.where(values == 0, VOID, values)

    def _track(self, video: int, id: int) -> LabelTrack:
        number = (id if id < 125 else id // 100) - 1
        if number >= len(self.categories):
            raise DataError(
                f"A label map of {self._files[video].maps} has the value {id}, which is of no "
                f"class of VIPSeg."
            )
        return LabelTrack(id, number)
