"""Semantic and panoptic measures on maps small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vidseg.errors import DataError
from vidseg.metrics.overlaps import LabelMap, joint_areas
from vidseg.metrics.panoptic import PanopticMap
from vidseg.metrics.stq import STQ
from vidseg.metrics.vpq import VPQ
from vidseg.metrics.vss import ConsistencyMeter, SemanticMeter


def row(*values: int) -> LabelMap:
    return np.array([values])


def test_joint_areas_agree_with_plain_counting() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(-3, 4, (2, 30, 40))
    found = {(i, j): n for i, j, n in zip(*map(np.ndarray.tolist, joint_areas(a, b)), strict=True)}
    pairs = {(int(i), int(j)) for i, j in zip(a.ravel(), b.ravel(), strict=True)}
    assert found == {(i, j): int(((a == i) & (b == j)).sum()) for i, j in pairs}
    assert joint_areas(np.zeros((0, 3), int), np.zeros((0, 3), int))[2].size == 0
    with pytest.raises(ValueError, match="one shape"):
        joint_areas(a, b[1:])


def test_semantic_scores() -> None:
    meter = SemanticMeter(3)
    meter.update(row(0, 0, 1, 0, 2, -1), row(0, 0, 0, 1, 255, 1))
    s = meter.compute()
    # Class 0: 2 hits of 3 true and 3 said; class 1: none of 2 and 1; class 2 only on void.
    assert s.iou[:2].tolist() == [0.5, 0.0]
    assert math.isnan(s.iou[2])
    assert s.miou == 0.25
    assert s.pixel_accuracy == pytest.approx(2 / 5)
    assert s.class_accuracy == pytest.approx(1 / 3)
    assert s.weighted_iou == pytest.approx(3 / 5 * 0.5)


def test_semantic_scores_of_void_alone() -> None:
    meter = SemanticMeter(3)
    meter.update(row(0, 1), row(255, 255))
    assert math.isnan(meter.compute().miou)


def test_consistency_leaves_out_the_last_clip_and_forgets_at_a_new_video() -> None:
    meter = ConsistencyMeter((2,))
    truth = row(0, 0, 255, 1)
    for predicted_map in (row(5, 5, 5, 5), row(5, 6, 6, 5), row(7, 7, 7, 7)):
        meter.update(predicted_map, truth)
    assert meter.values[2] == [0.5]  # 3 frames have one clip of 2; void counts
    meter.start_video()
    for predicted_map, true_map in (
        (row(1, 2), row(1, 1)),
        (row(1, 2), row(2, 2)),
        (row(1, 1), row(1, 1)),
    ):
        meter.update(predicted_map, true_map)
    assert math.isnan(meter.values[2][1])  # no true label lasted
    assert meter.compute() == {2: 0.5}


def test_consistency_does_not_need_right_labels() -> None:
    meter = ConsistencyMeter((2, 8))
    for _ in range(4):
        meter.update(row(3, 4), row(0, 0))
    assert meter.values[2] == [1.0, 1.0]
    assert math.isnan(meter.compute()[8])


TRUTH = PanopticMap(row(1, 1, 1, 1, 2, 2, 0, 0, 3, 3), {1: 0, 2: 1, 3: 0}, frozenset({3}))


def test_pq_of_one_picture() -> None:
    meter = VPQ(2, things={0}, windows=(1,))
    predicted_map = PanopticMap(row(7, 7, 7, 8, 8, 8, 7, 7, 9, 9), {7: 0, 8: 1, 9: 0})
    meter.update(predicted_map, TRUTH)
    s = meter.compute()[1]
    # 7 meets 1 in 3 pixels: 3 / (4 + 5 - 3 - 2 void); 8 meets 2: 2 / 3; 9 lies on the crowd.
    assert s.things.pq == pytest.approx(3 / 4)
    assert s.stuff.pq == pytest.approx(2 / 3)
    assert s.all.pq == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert (s.all.rq, s.all.classes) == (1.0, 2)


def test_pq_counts_misses_alarms_and_wrong_classes() -> None:
    meter = VPQ(3, things={0}, windows=(1,))
    meter.update(PanopticMap(row(7, 7, 7, 7, 0, 0, 9, 9, 0, 0), {7: 2, 9: 0}), TRUTH)
    s = meter.compute()[1]
    assert (s.all.pq, s.all.rq, s.all.sq) == (0.0, 0.0, 0.0)
    assert s.all.classes == 3  # 1 and 2 missed, 7 a false alarm; 9 lies on void
    assert math.isnan(VPQ(1, things={0}).compute()[8].all.pq)


def test_vpq_wants_the_same_id_over_the_window() -> None:
    meter = VPQ(1, things={0}, windows=(1, 2))
    for id in (4, 5):
        meter.update(PanopticMap(row(id, id, id), {id: 0}), PanopticMap(row(1, 1, 1), {1: 0}))
    scores = meter.compute()
    assert scores[1].all.pq == 1.0
    assert scores[2].all.pq == 0.0  # each half has IoU 0.5, which is not above it
    meter.start_video()
    meter.update(PanopticMap(row(5), {5: 0}), PanopticMap(row(1), {1: 0}))
    assert meter.compute()[2] == scores[2]  # a video of one frame has no window of two


def test_vpq_names_an_id_without_a_class() -> None:
    meter = VPQ(1, things={0})
    with pytest.raises(DataError, match="predicted segment 4"):
        meter.update(PanopticMap(row(4), {}), PanopticMap(row(1), {1: 0}))


def test_stq_of_an_identity_switch() -> None:
    meter = STQ(2, things={0})
    for instance in (1, 2):
        meter.update(row(0, 0, 1), row(instance, instance, 0), row(0, 0, 1), row(5, 5, 0))
    s = meter.compute()
    # The tube of 4 pixels meets two of 2: (2·2/4 + 2·2/4) / 4.
    assert s.segmentation == 1.0
    assert s.association == pytest.approx(0.5)
    assert s.stq == pytest.approx(math.sqrt(0.5))


def test_stq_leaves_out_crowds_and_keeps_videos_apart() -> None:
    meter = STQ(2, things={0})
    meter.update(row(0, 0, 0), row(3, 3, 3), row(0, 0, 0), row(0, 1, 1))
    assert meter.compute().association == 1.0  # the crowd's pixel counts on neither side
    meter.start_video()
    meter.update(row(1, 1, 1), row(0, 0, 0), row(0, 0, 0), row(1, 1, 1))
    assert meter.compute().association == 0.5


def test_stq_counts_predicted_void_as_a_class() -> None:
    meter = STQ(2, things={0})
    meter.update(row(1, 1, 255, 1), row(0, 0, 0, 0), row(1, 1, 1, 255), row(0, 0, 0, 0))
    s = meter.compute()
    assert s.segmentation == pytest.approx((2 / 3 + 0) / 2)
    assert (s.association, s.stq) == (0.0, 0.0)
