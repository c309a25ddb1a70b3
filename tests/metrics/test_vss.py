"""Semantic measures: merging, and steadiness against plain counting."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.metrics.overlaps import LabelMap, joint_areas
from vidseg.metrics.vss import ConsistencyMeter, SemanticMeter


def video(rng: np.random.Generator, frames: int, most: int) -> LabelMap:
    """[T, 4, 5] labels that often stay from frame to frame."""
    labels = rng.integers(0, most, (frames, 4, 5)).astype(np.uint8)
    for t in range(1, frames):
        labels[t] = np.where(rng.random((4, 5)) < 0.8, labels[t - 1], labels[t])
    return labels


def plain_clips(predicted: LabelMap, truth: LabelMap, length: int) -> list[float]:
    """mVC from its definition: all frames of each clip compared with its first."""
    values = []
    for start in range(len(truth) - length):
        clip = slice(start, start + length)
        true_map = (truth[clip] == truth[start]).all(axis=0)
        predicted_map = (predicted[clip] == predicted[start]).all(axis=0)
        values.append(
            (true_map & predicted_map).sum() / true_map.sum() if true_map.any() else math.nan
        )
    return values


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12) | st.just(70),  # frames are counted anew after 30 for clips of 2
    st.sampled_from([(2,), (2, 5), (3,), (300,)]),
)
def test_consistency_equals_the_definition(
    seed: int, frames: int, lengths: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    predicted, truth = video(rng, frames, 3), video(rng, frames, 2)
    meter = ConsistencyMeter(lengths)
    for predicted_map, true_map in zip(predicted, truth, strict=True):
        meter.update(predicted_map, true_map)
    for length in lengths:
        assert meter.values[length] == pytest.approx(
            plain_clips(predicted, truth, length), nan_ok=True
        )


def test_consistency_counts_runs_beyond_a_byte() -> None:
    meter = ConsistencyMeter((300,))
    for t in range(303):
        # One pixel of the prediction changes in frame 1, so it is steady from the second clip on.
        meter.update(np.array([[t > 0, 1]], np.uint8), np.zeros((1, 2), np.uint8))
    assert meter.values[300] == [0.5, 1.0, 1.0]


def test_consistency_refuses_frames_of_two_sizes() -> None:
    meter = ConsistencyMeter()
    meter.update(np.zeros((2, 2), int), np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="one size"):
        meter.update(np.zeros((2, 3), int), np.zeros((2, 3), int))


@given(st.integers(0, 2**32 - 1))
def test_merged_meters_equal_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, parts = (SemanticMeter(3), ConsistencyMeter((2,))), []
    for _ in range(3):
        predicted, truth = video(rng, 4, 5), video(rng, 4, 4)
        part = SemanticMeter(3), ConsistencyMeter((2,))
        whole[1].start_video()
        for predicted_map, true_map in zip(predicted, truth, strict=True):
            for meter in (*whole, *part):
                meter.update(predicted_map, true_map)
        parts.append(pickle.loads(pickle.dumps(part)))
    (semantic, steady), *others = parts
    for other in others:
        semantic.merge(other[0])
        steady.merge(other[1])
    assert (semantic.confusion == whole[0].confusion).all()
    assert steady.values[2] == pytest.approx(whole[1].values[2], nan_ok=True)


def test_a_table_of_areas_is_as_good_as_the_maps() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(-1, 4, (2, 8, 9))
    from_maps, from_table = SemanticMeter(3), SemanticMeter(3)
    from_maps.update(predicted, truth)
    true_map, predicted_map, areas = joint_areas(truth, predicted)
    from_table.update(predicted_map, true_map, areas)
    assert (from_maps.confusion == from_table.confusion).all()


def test_meters_of_other_settings_are_not_merged() -> None:
    with pytest.raises(ValueError, match="same classes"):
        SemanticMeter(3).merge(SemanticMeter(4))
    with pytest.raises(ValueError, match="same clip lengths"):
        ConsistencyMeter((8,)).merge(ConsistencyMeter((16,)))
