"""Frames read for clips: only those, with whole masks, and with the objects that are wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidseg.datasets.clips.layers import paint_layers
from vidseg.datasets.clips.readers import LabelReader
from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import DataError
from vidseg.labels import Category, LabelTrack, Sentence

from ..layouts import write_layout
from ..scripted_labels import SIZE, ScriptedLabels, boxes

RNG = np.random.default_rng(0)
DOG, SKY = Category(7, "dog"), Category(3, "sky", is_thing=False)


def columns(mask: np.ndarray) -> list[int]:
    """Columns that a mask covers from top to bottom."""
    assert (mask == mask[:1]).all()
    return np.flatnonzero(mask[0]).tolist()


def test_overlapping_masks_stay_whole() -> None:
    frames = [boxes(_4=(0, 3), _5=(2, 6), _6=(4, 6)), boxes(_4=(0, 1), _5=(1, 2))]
    maps, layers = paint_layers(frames, {4: 0, 5: 1, 6: 2})
    assert layers == [0, 1, 0]  # 6 meets 5, not 4
    assert [stack.shape for stack in maps] == [(2, *SIZE)] * 2
    assert [columns(maps[0][layer] == k + 1) for k, layer in enumerate(layers)] == [
        [0, 1, 2],
        [2, 3, 4, 5],
        [4, 5],
    ]
    assert columns(maps[1][1] == 2) == [1]
    assert not (maps[1] == 3).any()


def test_a_region_keeps_its_layer_over_the_frames() -> None:
    frames = [boxes(_1=(0, 2), _2=(3, 5)), boxes(_1=(0, 4), _2=(3, 5))]
    _, layers = paint_layers(frames, {1: 0, 2: 1})
    assert layers == [0, 1]


def test_void_and_unnamed_tracks_are_not_drawn() -> None:
    maps, _ = paint_layers([boxes((0, 1), _1=(0, 3), _2=(4, 5))], {1: 0})
    assert columns(maps[0][0] > 0) == [1, 2]


def test_too_many_regions() -> None:
    with pytest.raises(DataError, match="255 regions; at most 254"):
        paint_layers([boxes()], {id: id for id in range(255)})


def test_regions_are_those_of_the_frames() -> None:
    source = ScriptedLabels(
        [[boxes(_1=(0, 1)), boxes(_1=(1, 2), _9=(3, 4)), boxes(_2=(5, 6))]],
        [[LabelTrack(1, 7), LabelTrack(2, 3), LabelTrack(9, 7, is_crowd=True)]],
        (DOG, SKY),
    )
    reader = LabelReader(source, ("sky", "dog"), {7: 1, 3: 0})
    found = reader.read(0, [0, 1], RNG)
    assert [(r.label, r.is_thing, r.is_group) for r in found.regions] == [
        (1, True, False),
        (1, True, True),
    ]
    assert columns(found.maps[1][0] == 2) == [3]
    (sky,) = reader.read(0, [2], RNG).regions
    assert (sky.label, sky.is_thing) == (0, False)


def test_without_a_class_list_objects_have_none() -> None:
    source = ScriptedLabels([[boxes(_2=(5, 6))]], [[LabelTrack(2, 3)]], (DOG, SKY))
    (region,) = LabelReader(source).read(0, [0], RNG).regions
    assert (region.label, region.is_thing) == (-1, False)


def test_videos_are_cut_where_labels_lack() -> None:
    one = boxes(_1=(0, 1))
    source = ScriptedLabels([[one, None, one, one], [None], [one]], [[LabelTrack(1)]] * 3)
    source.labelled = lambda video: [f is not None for f in source.frames[video]]  # type: ignore[attr-defined]
    reader = LabelReader(source, keep=[0, 1])
    assert reader.lengths.tolist() == [1, 2]
    assert reader.starts.tolist() == [0, 2]
    assert [reader.video_name(k) for k in range(2)] == ["video0", "video0"]
    with pytest.raises(DataError, match="no labelled frame"):
        LabelReader(source, keep=[1])


def test_objects_without_a_sentence_can_be_left_out() -> None:
    said = (
        Sentence("0", "the dog", (1,)),
        Sentence("1", "a dog", (1,)),
        Sentence("2", "x", (2, 3)),
    )
    source = ScriptedLabels(
        [[boxes(_1=(0, 1), _2=(2, 3), _3=(4, 5))]],
        [[LabelTrack(k) for k in (1, 2, 3)]],
        said={0: said},
    )
    (region,) = LabelReader(source, only_described=True).read(0, [0], RNG).regions
    assert region.captions == ("the dog", "a dog")


def test_objects_come_in_the_order_in_which_they_were_chosen() -> None:
    source = ScriptedLabels(
        [[boxes(_1=(0, 1), _2=(2, 3), _3=(4, 5))]], [[LabelTrack(k, 7) for k in (1, 2, 3)]], (DOG,)
    )
    reader = LabelReader(source, choose=lambda video, tracks, rng: [2, 0])
    found = reader.read(0, [0], RNG)
    assert [columns(found.maps[0][0] == k) for k in (1, 2)] == [[4], [0]]


def test_damage_is_told_with_its_place() -> None:
    source = ScriptedLabels([[boxes(_1=(0, 1), size=(4, 5))]], [[LabelTrack(1)]])
    with pytest.raises(DataError, match="made up, video video0, frame 00000: the labels are 4 × 5"):
        LabelReader(source).read(0, [0], RNG)
    strange = ScriptedLabels([[boxes(_1=(0, 1))]], [[LabelTrack(1, 99)]], (DOG,))
    with pytest.raises(DataError, match="track 1 has the class 99"):
        LabelReader(strange).read(0, [0], RNG)


def test_only_the_wanted_frames_are_read(tmp_path: Path) -> None:
    """The label maps of the other frames may be broken: nobody looks at them."""
    write_layout("davis2017", tmp_path)
    for path in tmp_path.rglob("Annotations/480p/bear/0000[23].png"):
        path.write_bytes(b"")
    reader = LabelReader(open_dataset("davis2017", tmp_path))
    found = reader.read(0, [0, 1], RNG)
    assert len(found.pictures) == 2
    assert len(found.regions) == 2
    with pytest.raises(DataError, match="00002"):
        reader.read(0, [2], RNG)
