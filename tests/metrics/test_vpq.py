"""VPQ: windows against plain recounting, stated areas, crowds, merging."""

from __future__ import annotations

import math
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidseg.errors import DataError
from vidseg.metrics.overlaps import LabelMap, joint_areas
from vidseg.metrics.panoptic import PanopticMap
from vidseg.metrics.vpq import VPQ, ClassSums

CLASS = {1: 0, 2: 1, 3: 1, 4: 2}


def row(*values: int) -> LabelMap:
    return np.array([values])


def plain_pq(predicted: LabelMap, truth: LabelMap, length: int) -> ClassSums:
    """Sums over all windows from the definition, without crowds; [T, H, W] ids."""
    sums = ClassSums(3)
    for start in range(len(truth) - length + 1):
        true_map, predicted_map = (m[start : start + length] for m in (truth, predicted))
        hits = set()
        for g in set(true_map.ravel().tolist()) - {0}:
            for p in set(predicted_map.ravel().tolist()) - {0}:
                on_void = ((predicted_map == p) & (true_map == 0)).sum()
                shared = ((true_map == g) & (predicted_map == p)).sum()
                iou = shared / (
                    (true_map == g).sum() + (predicted_map == p).sum() - shared - on_void
                )
                if CLASS[g] == CLASS[p] and iou > 0.5:
                    hits |= {("g", g), ("p", p)}
                    sums.hits[CLASS[g]] += 1
                    sums.iou[CLASS[g]] += iou
        for g in set(true_map.ravel().tolist()) - {0}:
            sums.misses[CLASS[g]] += ("g", g) not in hits
        for p in set(predicted_map.ravel().tolist()) - {0}:
            on_void = ((predicted_map == p) & (true_map == 0)).sum() / (predicted_map == p).sum()
            sums.alarms[CLASS[p]] += ("p", p) not in hits and on_void <= 0.5
    return sums


def videos(seed: int, count: int) -> list[tuple[LabelMap, LabelMap]]:
    rng = np.random.default_rng(seed)
    made: list[tuple[LabelMap, LabelMap]] = []
    for _ in range(count):
        truth = rng.integers(0, 5, (int(rng.integers(1, 6)), 3, 4))
        noise = rng.integers(0, 5, truth.shape)
        made.append((np.where(rng.random(truth.shape) < 0.8, truth, noise), truth))
    return made


def feed(meter: VPQ, predicted: LabelMap, truth: LabelMap) -> VPQ:
    meter.start_video()
    for predicted_map, true_map in zip(predicted, truth, strict=True):
        meter.update(PanopticMap(predicted_map, CLASS), PanopticMap(true_map, CLASS))
    return meter


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_windows_equal_a_plain_recount(seed: int) -> None:
    (predicted, truth), *_ = videos(seed, 1)
    scores = feed(VPQ(3, {0}, (1, 2, 3)), predicted, truth).compute()
    for length, found in scores.items():
        want = plain_pq(predicted, truth, length)
        assert found.sums.iou == pytest.approx(want.iou)
        for name in ("hits", "misses", "alarms"):
            assert getattr(found.sums, name).tolist() == getattr(want, name).tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_merged_meters_equal_one(seed: int) -> None:
    made = videos(seed, 3)
    whole = VPQ(3, {0}, (1, 2, 4))
    merged = VPQ(3, {0}, (1, 2, 4))
    for predicted, truth in made:
        feed(whole, predicted, truth)
        part = feed(VPQ(3, {0}, (1, 2, 4)), predicted, truth)
        merged.merge(pickle.loads(pickle.dumps(part)))
    for length, scores in whole.compute().items():
        found = merged.compute()[length]
        assert found.sums.iou == pytest.approx(scores.sums.iou)
        assert found.all.pq == pytest.approx(scores.all.pq, nan_ok=True)


def test_a_merged_meter_starts_the_next_video_afresh() -> None:
    def one_frame() -> VPQ:
        meter = VPQ(3, {0}, (2,))
        meter.update(PanopticMap(row(1), CLASS), PanopticMap(row(1), CLASS))
        return meter

    meter = one_frame()
    meter.merge(one_frame())
    meter.update(PanopticMap(row(1), CLASS), PanopticMap(row(1), CLASS))
    assert math.isnan(meter.compute()[2].all.pq)  # three videos of one frame, no window of two


def test_a_perfect_prediction_scores_one() -> None:
    (_, truth), *_ = videos(3, 1)
    scores = feed(VPQ(3, {0}, (1, 2)), truth, truth).compute()
    assert all(s.all.pq == s.all.sq == s.all.rq == 1.0 for s in scores.values())


def test_stated_areas_count_in_place_of_pixels() -> None:
    truth = PanopticMap(row(1, 1, 1), CLASS, areas={1: 5})
    meter = VPQ(3, {0}, (1,))
    meter.update(PanopticMap(row(1, 1, 1), CLASS), truth)
    assert meter.compute()[1].all.pq == pytest.approx(3 / 5)  # 3 / (5 + 3 - 3)
    for area in (0, 1):
        small = PanopticMap(row(1, 1, 1), CLASS, areas={1: area})
        with pytest.raises(DataError, match="segment 1 is less than its pixels"):
            VPQ(3, {0}, (1,)).update(PanopticMap(row(1, 1, 1), CLASS), small)


def test_a_tube_has_the_class_of_its_first_frame() -> None:
    meter = VPQ(3, {0}, (1, 2))
    for predicted_map in (0, 1):
        meter.update(PanopticMap(row(7, 7), {7: predicted_map}), PanopticMap(row(1, 1), {1: 0}))
    scores = meter.compute()
    assert scores[2].sums.hits.tolist() == [1, 0, 0]  # class 0 has the say over both frames
    assert scores[1].sums.alarms.tolist() == [0, 1, 0]


def test_only_the_last_crowd_of_a_class_excuses() -> None:
    # Both crowds are of class 0; the prediction covers the second one in the picture, crowd 2.
    predicted_map = PanopticMap(row(0, 0, 9, 9), {9: 0})
    for listed, alarms in (({1: 0, 2: 0}, 0), ({2: 0, 1: 0}, 1)):
        meter = VPQ(3, {0}, (1,))
        meter.update(predicted_map, PanopticMap(row(1, 1, 2, 2), listed, frozenset({1, 2})))
        sums = meter.compute()[1].sums
        assert (sums.alarms[0], sums.misses[0]) == (alarms, 0)


def test_a_region_is_a_crowd_if_it_is_one_at_first() -> None:
    frames = [frozenset({1}), frozenset[int]()]
    for crowds, misses in ((frames, 0), (frames[::-1], 1)):
        meter = VPQ(3, {0}, (2,))
        for crowd in crowds:
            meter.update(PanopticMap(row(0), {}), PanopticMap(row(1), {1: 0}, crowd))
        assert meter.compute()[2].sums.misses[0] == misses


def test_a_table_of_areas_is_as_good_as_the_maps() -> None:
    (predicted, truth), *_ = videos(5, 1)
    from_maps = feed(VPQ(3, {0}), predicted, truth)
    from_tables = VPQ(3, {0})
    for predicted_map, true_map in zip(predicted, truth, strict=True):
        g, p, areas = joint_areas(true_map, predicted_map)
        from_tables.update(PanopticMap(p, CLASS), PanopticMap(g, CLASS), areas)
    assert from_maps.compute()[1] == from_tables.compute()[1]


def test_meters_of_other_windows_are_not_merged() -> None:
    with pytest.raises(ValueError, match="same classes and windows"):
        VPQ(3, {0}, (1,)).merge(VPQ(3, {0}, (2,)))


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.uint8, np.int32, np.int64]))
def test_joint_areas_of_tables_add_up(seed: int, kind: type) -> None:
    rng = np.random.default_rng(seed)
    top = 200 if kind is np.uint8 else 1 << 24
    a: LabelMap = rng.choice(rng.integers(0, top, 4), 30).astype(kind)
    b: LabelMap = rng.choice(rng.integers(0, top, 4), 30).astype(kind)
    weights = rng.integers(1, 9, 30)
    want: Counter[tuple[int, int]] = Counter()
    for i, j, n in zip(a.tolist(), b.tolist(), weights.tolist(), strict=True):
        want[i, j] += n
    found = zip(*(column.tolist() for column in joint_areas(a, b, weights)), strict=True)
    assert [(i, j, n) for (i, j), n in sorted(want.items())] == list(found)
