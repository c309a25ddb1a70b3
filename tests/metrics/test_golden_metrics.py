"""Measures against reference numbers of the benchmarks' public code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from vidseg.metrics.jf import (
    JFMeter,
    region_similarity,
    sequence_statistics,
)
from vidseg.metrics.panoptic import PanopticMap
from vidseg.metrics.stq import STQ
from vidseg.metrics.vpq import VPQ
from vidseg.metrics.vss import ConsistencyMeter, SemanticMeter

from ..parity import report_difference
from .plain_measures import boundary_iou, contour_accuracy

Arrays = dict[str, npt.NDArray[np.generic]]

EXACT = 1e-9
TRUE_CLASS = {id: (id - 1) % 4 for id in range(1, 6)}
PREDICTED_CLASS = {1: 0, 2: 1, 3: 2, 4: 3, 5: 1}


@pytest.fixture(scope="module")
def units(golden: Callable[[str], dict[str, Tensor]]) -> Arrays:
    return {name: tensor.numpy() for name, tensor in golden("eval_units").items()}


def check(name: str, got: object, want: npt.NDArray[np.generic], limit: float = EXACT) -> None:
    report_difference(name, torch.as_tensor(np.asarray(got)), torch.as_tensor(want), limit)


def per_object(units: Arrays, measure: Callable[..., float]) -> list[list[float]]:
    return [
        [
            measure(predicted_map == id, true_map == id)
            for predicted_map, true_map in zip(units["pred_ids"], units["gt_ids"], strict=True)
        ]
        for id in range(1, 6)
    ]


def test_region_and_contour(units: Arrays) -> None:
    region = per_object(units, region_similarity)
    check("J", region, units["davis_J"])
    check("F", per_object(units, contour_accuracy), units["davis_F"])
    rows = [sequence_statistics(values) for values in region]
    check(
        "J mean, recall, decay",
        [(r.mean, r.recall, r.decay) for r in rows],
        units["davis_J_MRD"],
        1e-6,
    )  # stored as float32


def test_jf_meter(units: Arrays) -> None:
    meter = JFMeter()
    for predicted_map, true_map in zip(units["pred_ids"], units["gt_ids"], strict=True):
        for id in range(1, 6):
            meter.update(id, predicted_map == id, true_map == id)
    scores = meter.compute()
    assert scores.objects == 5
    check("J over objects", [scores.region.mean], units["davis_J"].mean(keepdims=True)[0])
    check("F over objects", [scores.contour.mean], units["davis_F"].mean(keepdims=True)[0])


def test_boundary_iou(units: Arrays) -> None:
    check("boundary IoU", per_object(units, boundary_iou), units["boundary_iou"])


def test_semantic(units: Arrays) -> None:
    meter = SemanticMeter(6)
    for predicted_map, true_map in zip(units["vss_pred"], units["vss_gt"], strict=True):
        meter.update(predicted_map, true_map)
    s = meter.compute()
    got = (s.miou, s.pixel_accuracy, s.class_accuracy, s.weighted_iou)
    check("mIoU, pixel, class accuracy, fwIoU", got, units["vss_miou"])


def test_consistency(units: Arrays) -> None:
    meter = ConsistencyMeter((8, 16))
    for predicted_map, true_map in zip(units["vss_pred"], units["vss_gt"], strict=True):
        meter.update(predicted_map, true_map)
    for length in (8, 16):
        want = units[f"vss_vc{length}_per_window"]
        check(f"VC{length} of each clip", meter.values[length], want)
        check(f"mVC{length}", [meter.compute()[length]], want.mean(keepdims=True))


def class_map(ids: npt.NDArray[np.generic], classes: dict[int, int]) -> npt.NDArray[np.int64]:
    table = np.full(6, 255)
    table[list(classes)] = list(classes.values())
    return np.asarray(table[ids.astype(np.int64)])


def test_stq(units: Arrays) -> None:
    meter = STQ(4, things={0, 1})
    for predicted_map, true_map in zip(units["pred_ids"], units["gt_ids"], strict=True):
        predicted_map, true_map = predicted_map.astype(np.int64), true_map.astype(np.int64)
        instances = [np.maximum(ids - 1, 0) for ids in (predicted_map, true_map)]
        meter.update(
            class_map(predicted_map, PREDICTED_CLASS),
            instances[0],
            class_map(true_map, TRUE_CLASS),
            instances[1],
        )
    s = meter.compute()
    check("STQ, AQ, IoU", (s.stq, s.association, s.segmentation), units["stq_aq_iou"])


def test_vpq(units: Arrays) -> None:
    meter = VPQ(4, things={0, 1})
    for predicted_map, true_map in zip(units["pred_ids"], units["gt_ids"], strict=True):
        meter.update(PanopticMap(predicted_map, PREDICTED_CLASS), PanopticMap(true_map, TRUE_CLASS))
    got = [(s.all.pq, s.things.pq, s.stuff.pq) for s in meter.compute().values()]
    check("VPQ of windows 1, 2, 4, 6, 8", got, units["vpq_windows_1_2_4_6_8_all_thing_stuff"])
