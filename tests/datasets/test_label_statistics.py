"""Counts of a made-up dataset, worked out by hand."""

from __future__ import annotations

import json
from statistics import mean, median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.datasets.label_statistics import Spread, count_labels
from vidseg.errors import DataError
from vidseg.labels import Category, LabelTrack, Sentence

from .scripted_labels import ScriptedLabels, boxes

DOG, SKY, CAT = Category(7, "dog"), Category(9, "sky", is_thing=False), Category(11, "cat")


def example() -> ScriptedLabels:
    """Two videos of 4 × 6 pixels; a column has 4 pixels.

    video0: frame 0 dog 1 (2 columns), dog 2 (1), sky 3 (3); frame 1 not labelled;
            frame 2 dog 1 (1 column), void (2); object 4 is never seen.
    video1: frame 0 empty; frame 1 dog 5, a crowd (6 columns).
    """
    return ScriptedLabels(
        frames=[
            [boxes(_1=(0, 2), _2=(2, 3), _3=(3, 6)), None, boxes((4, 6), _1=(0, 1))],
            [boxes(), boxes(_5=(0, 6))],
        ],
        objects=[
            [LabelTrack(1, 7), LabelTrack(2, 7), LabelTrack(3, 9), LabelTrack(4, 7)],
            [LabelTrack(5, 7, is_crowd=True)],
        ],
        categories=(DOG, SKY, CAT),
        said={0: (Sentence("0", "the left dog", (1,)), Sentence("1", "dogs", (1, 2)))},
    )


def test_everything_is_counted() -> None:
    seen: list[int] = []
    numbers = count_labels(example(), progress=lambda: seen.append(1)).to_json()
    assert len(seen) == 5
    assert numbers == json.loads(json.dumps(numbers))
    assert numbers == {
        "dataset": "made up",
        "videos": 2,
        "frames": 5,
        "labelled_frames": 4,
        "frames_per_video": {"min": 2, "median": 2, "mean": 2.5, "max": 3},
        "sizes": [{"height": 4, "width": 6, "frames": 5}],
        "objects": 5,
        "crowds": 1,
        "objects_never_visible": 1,
        "masks": 5,
        "objects_per_video": {"min": 1, "median": 1, "mean": 2.5, "max": 4},
        # 3, 1, 0 and 1 masks on the four labelled frames
        "objects_per_frame": {"min": 0, "median": 1, "mean": 1.25, "max": 3},
        # object 1 on two frames, objects 2, 3 and 5 on one
        "frames_per_object": {"min": 1, "median": 1, "mean": 1.25, "max": 2},
        "labelled_frame_pixels": 4 * 24,
        "void_pixels": 2 * 4,
        "sentences": 2,
        "words_per_sentence": {"min": 1, "median": 1, "mean": 2.0, "max": 3},
        "objects_with_sentence": 2,
        "classes": [
            {
                "id": 7,
                "name": "dog",
                "is_thing": True,
                "objects": 4,
                "crowds": 1,
                "masks": 4,
                "frames": 3,
                "pixels": (2 + 1 + 1 + 6) * 4,
            },
            {
                "id": 9,
                "name": "sky",
                "is_thing": False,
                "objects": 1,
                "crowds": 0,
                "masks": 1,
                "frames": 1,
                "pixels": 3 * 4,
            },
            {
                "id": 11,
                "name": "cat",
                "is_thing": True,
                "objects": 0,
                "crowds": 0,
                "masks": 0,
                "frames": 0,
                "pixels": 0,
            },
        ],
    }


def test_objects_without_a_class() -> None:
    source = ScriptedLabels([[boxes(_1=(0, 1))]], [[LabelTrack(1)]])
    rows = count_labels(source).to_json()["classes"]
    assert [(row["name"], row["objects"], row["pixels"]) for row in rows] == [(None, 1, 4)]


def test_a_mask_of_an_object_that_is_not_listed() -> None:
    source = ScriptedLabels([[boxes(_2=(0, 1))]], [[LabelTrack(1)]])
    with pytest.raises(DataError, match="video0 has a mask of object 2"):
        count_labels(source)


def test_an_object_of_a_class_that_is_not_listed() -> None:
    source = ScriptedLabels([[boxes(_1=(0, 1))]], [[LabelTrack(1, 3)]], (DOG,))
    with pytest.raises(DataError, match="object of class 3"):
        count_labels(source)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_spread_equals_the_list(values: list[int]) -> None:
    spread = Spread()
    for value in values:
        spread.add(value)
    summary = spread.summary()
    assert summary is not None
    assert summary["min"] == min(values) and summary["max"] == max(values)
    assert summary["median"] == median_low(values)
    assert summary["mean"] == pytest.approx(mean(values), rel=1e-12)
    assert Spread().summary() is None
