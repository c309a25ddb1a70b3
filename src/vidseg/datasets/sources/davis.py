"""DAVIS 2016 and 2017, semi-supervised and unsupervised: see the layout for its folders."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts import davis
from ...formats.layouts.lists import read_videos
from ...labels import LabelSource
from ...pictures.label_maps import read_small_label_map
from .base import Ids
from .listing import VideoFiles, all_videos, list_video
from .object_maps import ObjectMaps


def open_davis2016(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2016: one object a video, every value but 0."""
    return ForegroundMaps("davis2016", edition_files(folder, split, davis.DAVIS2016))


def open_davis2017(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2017 with the objects of the semi-supervised task."""
    files = edition_files(folder, split, davis.DAVIS2017)
    return ObjectMaps("davis2017", files, void=davis.VOID)


def open_davis2017_unsup(folder: Path, split: str | None) -> LabelSource:
    """DAVIS 2017 with the objects of the unsupervised task."""
    files = edition_files(folder, split, davis.UNSUPERVISED)
    return ObjectMaps("davis2017_unsup", files, void=davis.VOID)


class ForegroundMaps(ObjectMaps):
    """Object 1 is everything that is not background."""

    def _read(self, video: int, path: Path) -> Ids:
        return (read_small_label_map(path) > 0).astype("uint8")


def edition_files(folder: Path, split: str | None, edition: davis.Edition) -> list[VideoFiles]:
    """The videos of a split; all that have masks without one."""
    there = davis.resolutions(folder, edition)
    if not there:
        raise DataError(
            f"{folder} has no {edition.maps}/480p; give the folder that holds {edition.maps}."
        )
    maps = davis.map_folder(folder, edition, there[0])
    pictures = davis.picture_folder(folder, there[0])
    if split is None:
        names = all_videos(maps)
    else:
        lists = davis.split_lists(folder, edition)
        if split not in lists:
            wanted = folder / edition.lists[-1] / f"{split}.txt"
            raise DataError(f"{folder} has no list of the split {split}; {wanted} is wanted.")
        names = read_videos(lists[split], maps, pictures)
    return [list_video(name, maps / name, pictures / name) for name in names]
