"""Panoptic VOS: rims of all objects, the groups, the decay."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import minimum_filter

from vidseg.metrics.boundary import inner_rims
from vidseg.metrics.jf import region_similarity
from vidseg.metrics.overlaps import LabelMap
from vidseg.metrics.viposeg import PanopticVOSMeter, decay_rate

from .plain_measures import boundary_iou

GROUP = {1: "thing_seen", 2: "stuff_seen", 3: None, 255: "thing_unseen"}


def blocks(rng: np.random.Generator, height: int, width: int) -> LabelMap:
    """Labels in blocks of 3x3 pixels."""
    coarse = rng.integers(0, 3, (height // 3 + 1, width // 3 + 1))
    return np.asarray(np.kron(coarse, np.ones((3, 3), np.int64))[:height, :width])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.integers(1, 25), st.integers(1, 5))
def test_rims_of_a_map_are_those_of_each_mask(seed: int, height: int, width: int, rim: int) -> None:
    labels = blocks(np.random.default_rng(seed), height, width)
    want = np.zeros(labels.shape, bool)
    for label in range(3):
        mask = labels == label
        kept = minimum_filter(mask.astype(np.uint8), 2 * rim + 1, mode="constant", cval=0)
        want |= mask & (kept == 0)
    assert (inner_rims(labels, rim) == want).all()
    assert (inner_rims(labels.astype(np.uint8)[:, ::-1], rim) == want[:, ::-1]).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_scores_of_maps_equal_those_of_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = blocks(rng, 40, 70), blocks(rng, 40, 70)
    meter = PanopticVOSMeter()
    meter.start_video("a", GROUP)
    meter.update(predicted, truth, [1, 2])
    meter.update(predicted, truth)
    for id in (1, 2):
        found = meter.objects["a", id].scores()
        predicted_map, true_map = predicted == id, truth == id
        assert found.region == pytest.approx(region_similarity(predicted_map, true_map))
        assert found.boundary == pytest.approx(
            boundary_iou(predicted_map, true_map, both_empty=1.0)
        )


def row(*values: int) -> LabelMap:
    return np.array([values])


def test_objects_count_from_the_frame_after_theirs() -> None:
    meter = PanopticVOSMeter()
    meter.start_video("a", GROUP)
    meter.update(row(0, 0, 0, 0), row(1, 1, 2, 2), [1])  # told here, not scored
    meter.update(row(1, 0, 2, 2), row(1, 1, 2, 2), [2, 255])  # 1: 1 / 2
    meter.update(row(1, 1, 0, 0), row(1, 1, 2, 255))  # 1: 1; 2 and 255: only in the truth, 0
    meter.update(row(0, 0, 0, 0), row(0, 0, 0, 255))  # 1 and 2 on neither side: 1; 255: 0
    scores = meter.compute()
    # A picture of one row is all rim, so that both IoUs are equal.
    assert scores.groups["thing_seen"].region == pytest.approx((0.5 + 1 + 1) / 3)
    assert scores.groups["stuff_seen"].boundary == pytest.approx((0 + 1) / 2)
    assert scores.groups["thing_unseen"].mean == 0.0
    assert math.isnan(scores.groups["stuff_unseen"].mean)
    assert math.isnan(scores.overall)
    assert scores.by_count == pytest.approx({1: 0.5, 3: (1 + 0 + 0 + 1 + 1 + 0) / 6})
    # -ln(0.5) at 0.01 and at 0.03, through the origin.
    assert scores.decay == pytest.approx(math.log(2) * (0.01 + 0.03) / (0.01**2 + 0.03**2))


def test_an_object_of_no_group_counts_in_the_decay_alone() -> None:
    meter = PanopticVOSMeter()
    meter.start_video("a", GROUP)
    meter.update(row(3), row(3), [3])
    meter.update(row(3), row(3))
    scores = meter.compute()
    assert all(math.isnan(group.mean) for group in scores.groups.values())
    assert scores.by_count == {1: 1.0}
    assert scores.decay == 0.0


def test_an_object_that_is_given_twice_counts_twice() -> None:
    meter = PanopticVOSMeter()
    meter.start_video("a", GROUP)
    for _ in range(3):
        meter.update(row(1, 1), row(1, 0), [1])
    assert meter.objects["a", 1].pairs == 1 + 2
    assert list(meter.compute().by_count) == [1, 2]


def test_ids_of_no_object_are_strays() -> None:
    meter, other = PanopticVOSMeter(), PanopticVOSMeter()
    for name, part in (("a", meter), ("b", other)):
        part.start_video(name, GROUP)
        part.update(row(1, 0), row(1, 0), [1])
        part.update(row(1, 77), row(1, 0))  # 0 is background
    meter.merge(other)
    assert meter.strays == {("a", 77), ("b", 77)}


def test_merged_meters_equal_one() -> None:
    rng = np.random.default_rng(0)
    whole, merged = PanopticVOSMeter(), PanopticVOSMeter()
    for name in ("a", "b", "c"):
        part = PanopticVOSMeter()
        for meter in (whole, part):
            meter.start_video(name, GROUP)
        for given_ids in ([1], [2], []):
            maps = blocks(rng, 12, 12), blocks(rng, 12, 12)
            whole.update(*maps, given_ids)
            part.update(*maps, given_ids)
        merged.merge(pickle.loads(pickle.dumps(part)))
    ours, theirs = merged.compute(), whole.compute()
    assert ours.groups["thing_seen"].region == pytest.approx(theirs.groups["thing_seen"].region)
    assert ours.by_count == pytest.approx(theirs.by_count)
    assert len(merged.objects) == 6


def test_decay() -> None:
    assert decay_rate({5: 0.5}) == pytest.approx(math.log(2) / 0.05)
    assert decay_rate({5: 0.5, 60: 0.1}) == decay_rate({5: 0.5})  # too many objects
    assert math.isnan(decay_rate({}))
    assert decay_rate({5: 0.0, 6: 0.5}) == math.inf
