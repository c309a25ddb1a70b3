"""Rare classes and crowded stills."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.datasets.clips.long_tail import (
    choose_at_random,
    choose_by_class,
    reliable_masks,
    repeat_factors,
)


def test_factors_by_hand() -> None:
    # Class 1 is in 4 of 8 stills, class 2 in 1; threshold 1/2: factors 1 and sqrt(4) = 2.
    stills = [{1}, {1}, {1}, {1, 2}, set(), set(), set(), set()]
    assert repeat_factors(stills, 0.5).tolist() == [1, 1, 1, 2, 1, 1, 1, 1]


def test_frequent_classes_change_nothing() -> None:
    assert repeat_factors([{1, 2}, {2}, {1}], 0.001).tolist() == [1, 1, 1]


@given(
    classes=st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=40),
    most=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_chosen_objects_are_distinct(classes: list[int | None], most: int, seed: int) -> None:
    chosen = choose_by_class(classes, most, np.random.default_rng(seed))
    assert len(chosen) == len(set(chosen)) == min(most, len(classes))
    assert all(0 <= place < len(classes) for place in chosen)
    if len(classes) > most:  # only the last class may be taken in part
        left = [classes[k] for k in set(range(len(classes))) - set(chosen)]
        taken = [classes[k] for k in chosen]
        assert len(set(left) & set(taken)) <= 1


def test_a_rare_class_is_chosen_as_often_as_a_frequent_one() -> None:
    classes = [0] * 50 + [1]
    rng = np.random.default_rng(0)
    found = np.mean([50 in choose_by_class(classes, 10, rng) for _ in range(2000)])
    assert found == pytest.approx(0.5, abs=0.04)


def test_random_choice_is_even() -> None:
    rng = np.random.default_rng(0)
    drawn = np.concatenate([choose_at_random(6, 3, rng) for _ in range(4000)])
    assert np.abs(np.bincount(drawn) / 4000 - 0.5).max() < 0.04
    assert choose_at_random(3, 3, rng) == (0, 1, 2)


def test_only_crowded_stills_are_filtered() -> None:
    ratings = [(0.98, 0.95), (0.96, 0.95), (0.98, 0.9)]
    assert reliable_masks(ratings) == (0, 1, 2)
    assert reliable_masks(ratings, many=2) == (0,)
    assert len(reliable_masks([(0.97, 0.95)] * 100)) == 100
    assert reliable_masks([(0.97, 0.95)] * 101) == ()
