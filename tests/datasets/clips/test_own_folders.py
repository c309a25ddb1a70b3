"""Folders of one's own give the drawn squares back, region by region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.clips.own_folders import (
    open_instance_stills,
    open_label_map_videos,
    open_masked_videos,
    open_panoptic_stills,
)
from vidseg.datasets.clips.readers import LabelReader
from vidseg.datasets.clips.schema import Region, SmallIdMap
from vidseg.errors import DataError
from vidseg.labels import LabelSource
from vidseg.training.data.sources import own_classes
from vidseg.types import ImageArray

from ..conftest import BLUE, draw


def read(source: LabelSource, video: int, frame: int = 0) -> tuple[ImageArray, SmallIdMap]:
    """Picture and id map of a frame, which has one layer."""
    found = opened(source).read(video, [frame], np.random.default_rng(0))
    (layer,) = found.maps[0]
    return found.pictures[0], layer


def opened(source: LabelSource) -> LabelReader:
    return LabelReader(source, *own_classes(source), whole=True)


def regions(source: LabelSource, video: int) -> Sequence[Region]:
    return opened(source).read(video, [0], np.random.default_rng(0)).regions


def test_panoptic_stills(panoptic_folder: Path) -> None:
    stills = open_panoptic_stills(panoptic_folder, None)
    assert opened(stills).vocabulary == ("grass", "dog")  # by category id
    assert opened(stills).lengths.tolist() == [1, 1]
    assert regions(stills, 0) == (Region(1, True, False), Region(0, False, False))
    assert regions(stills, 1)[1].is_group
    picture, ids = read(stills, 0)
    np.testing.assert_array_equal(picture, draw()[0])
    np.testing.assert_array_equal(ids, draw()[1])


def test_instances_are_flattened_small_on_top(instances_folder: Path) -> None:
    stills = open_instance_stills(instances_folder, None)
    person, ball, crowd = regions(stills, 0)
    assert [r.label for r in (person, ball, crowd)] == [0, 1, 0]
    assert [r.is_group for r in (person, ball, crowd)] == [False, False, True]
    _, ids = read(stills, 0)
    want = np.zeros_like(ids)
    want[BLUE] = 1
    want[24:34, 38:48] = 2
    want[40:48, 0:10] = 3
    np.testing.assert_array_equal(ids, want)


def test_captions_go_to_the_only_object_of_the_class(instances_folder: Path) -> None:
    found = regions(open_instance_stills(instances_folder, None), 0)
    assert found[1].captions == ("A ball to the left of people",)
    # "A man with a ball" speaks of a person first, and there are several of those.
    assert found[0].captions == ()


def test_label_maps_are_cut_into_sequences(label_map_folder: Path) -> None:
    videos = open_label_map_videos(label_map_folder, None)
    assert opened(videos).lengths.tolist() == [2, 1, 3]
    assert videos.name == "street-train"
    _, ids = read(videos, 2, 1)
    # Labels 1 and 2 are "building" and "pole", regions 1 and 2, hence values 2 and 3; 11 is void.
    drawn = draw(1)[1]
    np.testing.assert_array_equal(ids, np.where(drawn > 0, drawn + 1, 0))
    found, names = regions(videos, 0), opened(videos).vocabulary
    assert len(found) == len(names) == 11  # also those that no frame shows
    assert found[names.index("car")].is_group
    assert not found[names.index("road")].is_thing


def test_masked_videos_are_cut_where_masks_are_missing(davis_folder: Path) -> None:
    videos = open_masked_videos(davis_folder, None)
    assert opened(videos).lengths.tolist() == [2, 2]
    assert regions(videos, 0) == (Region(-1), Region(-1))
    _, ids = read(videos, 1)  # the fourth frame of the video
    np.testing.assert_array_equal(ids, draw(6)[1])


def test_a_mask_may_be_off_by_two_pixels(davis_folder: Path) -> None:
    path = davis_folder / "Annotations" / "clip" / "00000.png"
    with Image.open(path) as image:
        whole = np.array(image)
    Image.fromarray(whole[:-2, :-1]).save(path)
    _, ids = read(open_masked_videos(davis_folder, None), 0)
    np.testing.assert_array_equal(ids, draw()[1])
    Image.fromarray(whole[:-3]).save(path)
    with pytest.raises(DataError, match=r"00000\.png is 45 × 64"):
        read(open_masked_videos(davis_folder, None), 0)


def test_white_alone_is_one_object_of_a_masked_video(davis_folder: Path) -> None:
    masks = sorted((davis_folder / "Annotations" / "clip").glob("*.png"))
    for path in masks:
        with Image.open(path) as image:
            shown = np.array(image) > 0
        Image.fromarray(np.where(shown, np.uint8(255), np.uint8(0))).save(path)
    videos = open_masked_videos(davis_folder, None)
    assert regions(videos, 0) == (Region(-1),)
    _, ids = read(videos, 1)
    np.testing.assert_array_equal(ids, draw(6)[1] > 0)

    with Image.open(masks[0]) as image:
        values = np.array(image)
    values[0, 0] = 7  # beside another number, in whichever run, white is void again
    Image.fromarray(values).save(masks[0])
    labels = open_masked_videos(davis_folder, None).labels(1, 0)
    assert labels is not None and labels.void is not None and not labels.masks


def test_masked_videos_name_what_is_missing(davis_folder: Path) -> None:
    with pytest.raises(DataError, match="nothing-here"):
        open_masked_videos(davis_folder, None, ["nothing-here"])


def test_a_colour_label_map_is_refused(davis_folder: Path) -> None:
    path = davis_folder / "Annotations" / "clip" / "00000.png"
    Image.fromarray(draw()[0]).save(path)
    with pytest.raises(DataError, match=r"00000\.png is a picture in colours"):
        open_masked_videos(davis_folder, None)


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"panoptic_train\.json"):
        open_panoptic_stills(tmp_path, None)
