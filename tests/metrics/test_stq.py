"""STQ: association against plain recounting, merging, what is no class."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidseg.metrics.overlaps import LabelMap, joint_areas
from vidseg.metrics.stq import STQ

Maps = tuple[LabelMap, LabelMap, LabelMap, LabelMap]


def row(*values: int) -> LabelMap:
    return np.array([values])


def video(rng: np.random.Generator) -> Maps:
    """Predicted classes and instances, true classes and instances, [T, 3, 4]; class 3 is void."""
    truth = rng.integers(0, 4, (3, 3, 4))
    number = rng.integers(0, 3, truth.shape)
    kept = rng.random(truth.shape) < 0.6
    return (
        np.where(kept, truth, rng.integers(0, 4, truth.shape)),
        np.where(kept, number, rng.integers(0, 3, truth.shape)),
        truth,
        number,
    )


def plain_association(maps: Maps) -> tuple[float, int]:
    """(sum over tubes, number of tubes) of one video from the definition; things are 0 and 1."""
    predicted_map, predicted_number, truth, number = maps
    crowd = (truth <= 1) & (number == 0)
    total, tubes = 0.0, 0
    for c in (0, 1):
        for i in (1, 2):
            g = (truth == c) & (number == i)
            if not g.any():
                continue
            tubes += 1
            for d in (0, 1):
                for j in (0, 1, 2):
                    p = (predicted_map == d) & (predicted_number == j) & ~crowd
                    if (g & p).any():
                        shared = int((g & p).sum())
                        total += shared**2 / int((g | p).sum()) / int(g.sum())
    return total, tubes


def feed(meter: STQ, maps: Maps) -> STQ:
    meter.start_video()
    for frame in zip(*maps, strict=True):
        meter.update(*frame)
    return meter


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_association_equals_the_definition_and_merges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = [video(rng) for _ in range(3)]
    whole, merged = STQ(3, {0, 1}), STQ(3, {0, 1})
    for maps in made:
        feed(whole, maps)
        merged.merge(pickle.loads(pickle.dumps(feed(STQ(3, {0, 1}), maps))))
    sums = [plain_association(maps) for maps in made]
    want = sum(total for total, _ in sums) / max(1, sum(tubes for _, tubes in sums))
    for scores in (whole.compute(), merged.compute()):
        assert scores.association == pytest.approx(want)
        assert scores.association_single == pytest.approx(want, rel=1e-6)
        assert scores.tubes == sum(tubes for _, tubes in sums)
        assert scores.stq == pytest.approx(math.sqrt(want * scores.segmentation))
    assert (whole.confusion == merged.confusion).all()


def test_iou_of_classes_of_one_side_and_of_void() -> None:
    meter = STQ(3, things=set())
    meter.update(row(0, 1, 9, 0), row(0, 0, 0, 0), row(0, 0, 0, 9), row(0, 0, 0, 0))
    scores = meter.compute()
    # Class 0: 1 hit of 3 true, none said beside it; class 1 only said; class 2 nowhere; void said.
    assert scores.iou[:2] == pytest.approx([1 / 3, 0])
    assert math.isnan(scores.iou[2])
    assert scores.iou[3] == 0.0
    assert scores.segmentation == pytest.approx(1 / 9)
    assert (scores.association, scores.tubes) == (0.0, 0)


def test_nothing_labelled_has_no_segmentation() -> None:
    meter = STQ(2, things={0})
    meter.update(row(0), row(1), row(9), row(0))
    assert math.isnan(meter.compute().segmentation)


def test_a_predicted_tube_counts_its_pixels_on_void() -> None:
    meter = STQ(2, things={0})
    meter.update(row(0, 0, 0, 0), row(1, 1, 1, 1), row(0, 0, 9, 1), row(1, 1, 0, 0))
    # 2 shared; the true tube has 2, the predicted one 4: 2 · 2 / 4 / 2.
    assert meter.compute().association == pytest.approx(0.5)


def test_a_tube_that_changes_class_is_two_tubes() -> None:
    meter = STQ(2, things={0, 1})
    for predicted_map in (0, 1):
        meter.update(row(predicted_map, predicted_map), row(1, 1), row(0, 0), row(1, 1))
    # Two predicted tubes of 2 pixels in a true one of 4: 2 · (2 · 2 / 4) / 4.
    assert meter.compute().association == pytest.approx(0.5)


def test_a_table_of_areas_is_as_good_as_the_maps() -> None:
    predicted_map, predicted_number, truth, number = (m[0] for m in video(np.random.default_rng(1)))
    from_maps, from_table = STQ(3, {0, 1}), STQ(3, {0, 1})
    from_maps.update(predicted_map, predicted_number, truth, number)
    g, p, areas = joint_areas(truth * 10 + number, predicted_map * 10 + predicted_number)
    from_table.update(p // 10, p % 10, g // 10, g % 10, areas)
    assert from_maps.compute().stq == from_table.compute().stq


def test_meters_of_other_classes_are_not_merged() -> None:
    for other in (STQ(3, {0}), STQ(2, {1})):
        with pytest.raises(ValueError, match="same classes"):
            STQ(2, {0}).merge(other)
