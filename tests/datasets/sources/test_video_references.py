"""Ground truth folders of the reference material open and agree with their own lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidseg.datasets.sources.registry import open_dataset

# name, place, split, videos, labelled frames, as counted in the files
FOLDERS = [
    ("ytvis2019", "eval/ytvis2019/gt", None, 8, 79),
    ("ytvis2021", "eval/ytvis2021/gt", None, 8, 80),
    ("ovis", "eval/ovis/gt", None, 8, 85),
    ("vspw_mapped", "eval/vspw/gt", "val", 10, 151),
    ("vipseg", "eval/vipseg/gt", "val", 9, 67),
    ("viposeg", "eval/viposeg/gt", None, 8, 57),
    ("davis2016", "eval/davis2016/gt", "val", 5, 48),
    ("davis2017", "eval/davis2017/gt", "val", 7, 61),
    ("davis2017_unsup", "eval/davis2017_unsup/gt", "val", 4, 21),
    ("youtube_vos", "eval/youtube_vos/gt", None, 6, 49),
    ("mosev2", "eval/mose/gt", None, 6, 49),
    ("burst", "eval/burst/gt", None, 6, 56),
    ("ref_youtube_vos", "eval/ref_youtube_vos/gt", None, 5, 30),
    ("kitti_step", "eval/kitti_step/gt", "val", 7, 57),
    ("davis2016", "data/davis2016-dev", "val", 6, 411),
    ("mose", "data/video-extra", None, 4, 101),
]


@pytest.mark.parametrize(("name", "place", "split", "videos", "frames"), FOLDERS)
def test_reference_folders(
    name: str, place: str, split: str | None, videos: int, frames: int, shared: Path
) -> None:
    folder = shared / place
    if not folder.is_dir():
        pytest.skip(f"{folder} not found")
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
