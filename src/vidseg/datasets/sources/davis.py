"""DAVIS 2016 and 2017, semi-supervised and unsupervised.

    JPEGImages/<resolution>/<video>/<frame>.jpg
    Annotations/<resolution>/<video>/<frame>.png               2016: 0 and 255; 2017: objects
    Annotations_unsupervised/<resolution>/<video>/<frame>.png  2017: objects, 255 void
    ImageSets/2017/{train,val,test-dev,test-challenge}.txt     names of videos
    ImageSets/2016/{train,val}.txt, in DAVIS 2016 itself
    ImageSets/<resolution>/{train,val,trainval}.txt            paths of pictures and masks

The resolution is 480p, Full-Resolution (1080p in DAVIS 2016); 480p, on which results are measured,
where both are there. A list may also lie in the root as ``<split>.txt``. Test videos have a mask of
their first frame alone.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts.lists import read_videos
from ...formats.reading import read_small_label_map
from ...labels import LabelSource
from .base import Ids
from .listing import VideoFiles, all_videos, list_video
from .object_maps import ObjectMaps

SPLITS = ("train", "val", "trainval", "test-dev", "test-challenge")
RESOLUTIONS = ("480p", "Full-Resolution", "1080p")
_VOID = 255


def open_davis2016(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2016: one object a video, every value but 0."""
    lists = ("ImageSets/2016", *(f"ImageSets/{resolution}" for resolution in RESOLUTIONS))
    return ForegroundMaps("davis2016", _files(folder, split, "Annotations", lists))


def open_davis2017(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2017 with the objects of the semi-supervised task."""
    files = _files(folder, split, "Annotations", ("ImageSets/2017",))
    return ObjectMaps("davis2017", files, void=_VOID)


def open_davis2017_unsup(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2017 with the objects of the unsupervised task."""
    return ObjectMaps("davis2017_unsup", unsupervised_files(folder, split), void=_VOID)


def unsupervised_files(folder: Path, split: str | None) -> list[VideoFiles]:
    """The videos of ``Annotations_unsupervised``."""
    return _files(folder, split, "Annotations_unsupervised", ("ImageSets/2017",))


class ForegroundMaps(ObjectMaps):
    """Object 1 is everything that is not background."""

    def _read(self, video: int, path: Path) -> Ids:
        return (read_small_label_map(path) > 0).astype("uint8")


def _files(
    folder: Path, split: str | None, annotations: str, lists: tuple[str, ...]
) -> list[VideoFiles]:
    resolution = next((r for r in RESOLUTIONS if (folder / annotations / r).is_dir()), None)
    if resolution is None:
        raise DataError(
            f"{folder} has no {annotations}/480p; give the folder that holds {annotations}."
        )
    maps = folder / annotations / resolution
    pictures = folder / "JPEGImages" / resolution
    if split is None:
        names = all_videos(maps)
    else:
        places = [folder / place / f"{split}.txt" for place in (*lists, ".")]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise DataError(f"{folder} has no list of the split {split}; {places[0]} is wanted.")
        names = read_videos(found, maps, pictures)
    return [list_video(name, maps / name, pictures / name) for name in names]
