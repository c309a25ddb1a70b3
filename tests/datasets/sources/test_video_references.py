"""Ground truth folders open and agree with their own lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidseg.datasets.sources.registry import open_dataset

# name, place, split, videos, labelled frames, as counted in the files
FOLDERS = [
    ("ytvis2019", "ytvis2019/gt", None, 8, 79),
    ("ytvis2021", "ytvis2021/gt", None, 8, 80),
    ("ovis", "ovis/gt", None, 8, 85),
    ("vspw_mapped", "vspw/gt", "val", 10, 151),
    ("vipseg", "vipseg/gt", "val", 9, 67),
    ("viposeg", "viposeg/gt", None, 8, 57),
    ("davis2016", "davis2016/gt", "val", 5, 48),
    ("davis2017", "davis2017/gt", "val", 7, 61),
    ("davis2017_unsup", "davis2017_unsup/gt", "val", 4, 21),
    ("youtube_vos", "youtube_vos/gt", None, 6, 49),
    ("mosev2", "mose/gt", None, 6, 49),
    ("burst", "burst/gt", None, 6, 56),
    ("ref_youtube_vos", "ref_youtube_vos/gt", None, 5, 30),
    ("kitti_step", "kitti_step/gt", "val", 7, 57),
]
PICTURES = [
    ("davis2016", "data/davis2016-dev", "val", 6, 411),
    ("mose", "data/video-extra", None, 4, 101),
]


@pytest.mark.parametrize(("name", "place", "split", "videos", "frames"), FOLDERS)
def test_reference_folders(
    name: str, place: str, split: str | None, videos: int, frames: int, eval_cases: Path
) -> None:
    opens_as_counted(eval_cases / place, name, split, videos, frames)


@pytest.mark.parametrize(("name", "place", "split", "videos", "frames"), PICTURES)
def test_folders_of_pictures(
    name: str, place: str, split: str | None, videos: int, frames: int, shared: Path
) -> None:
    opens_as_counted(shared / place, name, split, videos, frames)


def opens_as_counted(folder: Path, name: str, split: str | None, videos: int, frames: int) -> None:
    source = open_dataset(name, folder, split)
    assert len(source.videos) == videos
    numbers = {category.id for category in source.categories}
    number = min(range(videos), key=lambda k: len(source.videos[k].frames))
    ids = {track.id for track in source.tracks(number)}
    labels = [source.labels(number, t) for t in range(len(source.videos[number].frames))]
    shown = {id for one in labels if one is not None for id in one.masks}
    assert shown
    assert shown <= ids
    assert {track.category_id for track in source.tracks(number)} - {None} <= numbers
    # Frames are the labelled ones, but where pictures lie beside sparse maps.
    assert sum(len(video.frames) for video in source.videos) >= frames
    assert sum(sum(source.labelled(k)) for k in range(videos)) == frames
