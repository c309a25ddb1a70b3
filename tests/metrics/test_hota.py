"""HOTA: hand-worked cases, identity switches, merging."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.metrics.hota import ALPHAS, HOTA

ONE = np.ones((1, 1))


def test_perfect_tracking_is_1() -> None:
    metric = HOTA()
    for _ in range(3):
        metric.update(np.eye(2), [1, 2], [7, 9])
    scores = metric.compute()
    for values in (scores.hota, scores.det_a, scores.ass_a, scores.loc_a):
        assert values == pytest.approx(np.ones(19))
    assert scores.hits.tolist() == [6] * 19


def test_an_identity_switch_by_hand() -> None:
    """One object over 4 frames; predicted as 1 in three of them, as 2 in the last.

    All 4 are found: DetA = 1. A pair (object, 1) shares 3 of 4 + 3 - 3 frames, (object, 2) 1 of 4 +
    1 - 1: AssA = (3 · 3/4 + 1 · 1/4) / 4 = 5/8.
    """
    metric = HOTA()
    for id in (1, 1, 1, 2):
        metric.update(ONE, [5], [id])
    scores = metric.compute()
    assert scores.det_a == pytest.approx(np.ones(19))
    assert scores.ass_a == pytest.approx(np.full(19, 5 / 8))
    assert scores.ass_re == pytest.approx(np.full(19, 5 / 8))
    assert scores.ass_pr == pytest.approx(np.ones(19))
    assert scores.hota == pytest.approx(np.full(19, math.sqrt(5 / 8)))


def test_misses_and_alarms_by_hand() -> None:
    """A hit, a miss, an alarm, and a frame with both sides but too little overlap above 0.3."""
    metric = HOTA()
    metric.update(ONE, [1], [1])
    metric.update(np.zeros((1, 0)), [1], [])
    metric.update(np.zeros((0, 1)), [], [1])
    metric.update(np.full((1, 1), 0.3), [1], [1])
    scores = metric.compute()
    low = ALPHAS <= 0.3 + 1e-9
    assert scores.hits.tolist() == np.where(low, 2, 1).tolist()
    # Below: 2 hits, 1 miss, 1 alarm. Above: 1 hit, 2 misses, 2 alarms.
    assert scores.det_a == pytest.approx(np.where(low, 2 / 4, 1 / 5))
    assert scores.det_re == pytest.approx(np.where(low, 2 / 3, 1 / 3))
    assert scores.loc_a == pytest.approx(np.where(low, 1.3 / 2, 1.0))


def test_pairs_follow_the_whole_video_not_the_frame() -> None:
    """Prediction 2 overlaps a little more in the last frame, but prediction 1 is the companion."""
    metric = HOTA()
    for _ in range(9):
        metric.update(np.array([[0.8, 0.0]]), [1], [1, 2])
    metric.update(np.array([[0.7, 0.8]]), [1], [1, 2])
    assert metric.compute().ass_a[0] == pytest.approx(1.0)


def test_one_side_empty() -> None:
    missed, invented = HOTA(), HOTA()
    missed.update(np.zeros((2, 0)), [1, 2], [])
    invented.update(np.zeros((0, 1)), [], [1])
    for metric in (missed, invented, HOTA()):
        scores = metric.compute()
        assert scores.hota.tolist() == [0.0] * 19 and scores.loc_a.tolist() == [1.0] * 19
    missed.merge(invented)
    assert missed.compute().det_a.tolist() == [0.0] * 19


def test_ids_belong_to_their_video() -> None:
    """The same ids in another video are other tracks: nothing is lost by a changed number."""
    metric = HOTA()
    metric.update(ONE, [1], [1])
    metric.end_video()
    metric.update(ONE, [1], [2])
    assert metric.compute().ass_a == pytest.approx(np.ones(19))


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_merged_parts_equal_the_whole(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    whole, parts = HOTA(), [HOTA(), HOTA()]
    for video in range(5):
        for _ in range(3):
            g, p = random.integers(0, 4, 2)
            frame = (
                random.random((g, p)),
                random.permutation(4)[:g].tolist(),
                random.permutation(4)[:p].tolist(),
            )
            whole.update(*frame)
            parts[video >= cut].update(*frame)
        whole.end_video()
        parts[video >= cut].end_video()
    first, second = pickle.loads(pickle.dumps(parts))
    first.merge(second)
    for name, values in vars(whole.compute()).items():
        assert getattr(first.compute(), name) == pytest.approx(values), name
        if name != "hits":
            assert (values >= 0).all() and (values <= 1 + 1e-12).all(), name
