"""Ground truth folders open and agree with their own lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidseg.datasets.sources.registry import open_dataset

from ..layouts import write_layout

# name, place, split, and the files that are one labelled frame each, or list the videos
FOLDERS = [
    ("ytvis2019", "ytvis2019/gt", None, "instances.json"),
    ("ytvis2021", "ytvis2021/gt", None, "instances.json"),
    ("ovis", "ovis/gt", None, "instances.json"),
    ("vspw_mapped", "vspw/gt", "val", "data/*/mask/*.png"),
    ("vipseg", "vipseg/gt", "val", "panomasksRGB/*/*.png"),
    ("viposeg", "viposeg/gt", None, "Annotations_gt/*/*.png"),
    ("davis2016", "davis2016/gt", "val", "Annotations/480p/*/*.png"),
    ("davis2017", "davis2017/gt", "val", "Annotations/480p/*/*.png"),
    ("davis2017_unsup", "davis2017_unsup/gt", "val", "Annotations_unsupervised/480p/*/*.png"),
    ("youtube_vos", "youtube_vos/gt", None, "Annotations/*/*.png"),
    ("mosev2", "mose/gt", None, "Annotations/*/*.png"),
    ("burst", "burst/gt", None, "all_classes.json"),
    ("ref_youtube_vos", "ref_youtube_vos/gt", None, "Annotations/*/*.png"),
    ("kitti_step", "kitti_step/gt", "val", "panoptic_maps/val/*/*.png"),
]


def counted(folder: Path, files: str) -> tuple[int, int]:
    """(videos, labelled frames) as the files have them."""
    if files.endswith(".png"):
        pictures = list(folder.glob(files))
        return len({picture.parent for picture in pictures}), len(pictures)
    content = json.loads((folder / files).read_text())
    if "sequences" in content:
        lengths = [len(video["segmentations"]) for video in content["sequences"]]
    else:
        lengths = [video["length"] for video in content["videos"]]
    return len(lengths), sum(lengths)


@pytest.mark.parametrize(("name", "place", "split", "files"), FOLDERS)
def test_reference_folders(
    name: str, place: str, split: str | None, files: str, eval_cases: Path
) -> None:
    folder = eval_cases / place
    opens_as_counted(folder, name, split, *counted(folder, files))


@pytest.mark.parametrize(
    ("name", "maps"), [("davis2016", "Annotations/480p/*/*.png"), ("mose", "Annotations/*/*.png")]
)
def test_folders_of_pictures(name: str, maps: str, tmp_path: Path) -> None:
    """Pictures lie beside the maps; with sparse maps some frames have none."""
    write_layout(name, tmp_path)
    if name == "mose":
        sorted((tmp_path / "train").glob(maps))[-1].unlink()
    folder = tmp_path if name == "davis2016" else tmp_path / "train"
    opens_as_counted(folder, name, None, *counted(folder, maps))


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
