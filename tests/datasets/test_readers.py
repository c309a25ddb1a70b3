"""Readers give the drawn squares back, region by region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.clips.schema import Region
from vidseg.datasets.coco_instances import CocoInstanceStills
from vidseg.datasets.coco_panoptic import CocoPanopticStills
from vidseg.datasets.davis import MaskedVideos
from vidseg.datasets.label_maps import LabelMapVideos
from vidseg.errors import DataError

from .conftest import BLUE, draw


def test_panoptic_stills(panoptic_folder: Path) -> None:
    stills = CocoPanopticStills(panoptic_folder)
    assert stills.vocabulary == ("grass", "dog")  # by category id
    assert list(stills.lengths) == [1, 1]
    assert stills.regions(0) == (Region(1, True, False), Region(0, False, False))
    assert stills.regions(1)[1].is_group
    picture, ids = stills.frame(0)
    np.testing.assert_array_equal(picture, draw()[0])
    np.testing.assert_array_equal(ids, draw()[1])


def test_instances_are_flattened_small_on_top(instances_folder: Path) -> None:
    stills = CocoInstanceStills(instances_folder)
    person, ball, crowd = stills.regions(0)
    assert [r.label for r in (person, ball, crowd)] == [0, 1, 0]
    assert [r.is_group for r in (person, ball, crowd)] == [False, False, True]
    _, ids = stills.frame(0)
    want = np.zeros_like(ids)
    want[BLUE] = 1
    want[24:34, 38:48] = 2
    want[40:48, 0:10] = 3
    np.testing.assert_array_equal(ids, want)


def test_captions_go_to_the_only_object_of_the_class(instances_folder: Path) -> None:
    regions = CocoInstanceStills(instances_folder).regions(0)
    assert regions[1].captions == ("A ball to the left of people",)
    # "A man with a ball" speaks of a person first, and there are several of those.
    assert regions[0].captions == ()


def test_label_maps_are_cut_into_sequences(label_map_folder: Path) -> None:
    videos = LabelMapVideos(label_map_folder)
    assert list(videos.lengths) == [2, 1, 3]
    assert videos.name == "street-train"
    _, ids = videos.frame(2, 1)
    # Labels 1 and 2 are "building" and "pole", regions 1 and 2, hence values 2 and 3; 11 is void.
    drawn = draw(1)[1]
    np.testing.assert_array_equal(ids, np.where(drawn > 0, drawn + 1, 0))
    regions = videos.regions(0)
    assert regions[videos.vocabulary.index("car")].is_group
    assert not regions[videos.vocabulary.index("road")].is_thing


def test_masked_videos_are_cut_where_masks_are_missing(davis_folder: Path) -> None:
    videos = MaskedVideos(davis_folder)
    assert list(videos.lengths) == [2, 2]
    assert videos.regions(0) == (Region(-1), Region(-1))
    _, ids = videos.frame(1, 0)  # the fourth frame of the video
    np.testing.assert_array_equal(ids, draw(6)[1])


def test_masked_videos_name_what_is_missing(davis_folder: Path) -> None:
    with pytest.raises(DataError, match="nothing-here"):
        MaskedVideos(davis_folder, ["nothing-here"])


def test_a_colour_label_map_is_refused(davis_folder: Path) -> None:
    path = davis_folder / "Annotations" / "clip" / "00000.png"
    Image.fromarray(draw()[0]).save(path)
    with pytest.raises(DataError, match=r"00000\.png has mode RGB"):
        MaskedVideos(davis_folder)


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"panoptic_train\.json"):
        CocoPanopticStills(tmp_path)
