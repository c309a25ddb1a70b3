"""Quality, consistency, association and suppression against hand-made and reference numbers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vidseg.inference.mask_scores import mask_quality
from vidseg.inference.tracking.association import (
    assign,
    assign_by_kind,
    bisoftmax_affinity,
    cosine_affinity,
    temporal_consistency,
    time_weights,
    used_slots,
)
from vidseg.inference.tracking.nms import (
    box_iou,
    box_nms,
    mask_boxes,
    mask_iou,
    no_higher_duplicate,
)

from ...parity import Noise, report_difference, report_ids, steady

Golden = Callable[[str], dict[str, Tensor]]


def test_reference_quality_and_consistency(golden: Golden) -> None:
    units = golden("inference_units")
    report_difference("mask quality", mask_quality(units["mq_in"]), units["mq_out"], 1e-6)
    full = torch.ones(1, 5)
    report_difference(
        "time weights", time_weights(full)[0], units["tw_5_scaler5"].reshape(-1), 1e-6
    )
    report_difference(
        "time weights, masked", time_weights(units["tw_mask"]), units["tw_masked"], 1e-6
    )
    similarity = temporal_consistency(units["mt_tgt"], units["cc_cur"])
    report_difference("consistency", similarity, units["cc_sim"], 1e-6)
    sure = (similarity - 0.25).abs() > 1e-5
    report_ids("kept", similarity > 0.25, units["cc_keep"].bool(), sure)


def matched(name: str, affinity: Tensor, want: Tensor) -> list[tuple[int, int]]:
    """The pairs of the assignment, whose columns are those of the reference."""

    def columns(seed: int | None) -> Tensor:
        values = affinity if seed is None else Noise(seed, 1e-5).on(affinity)
        return torch.tensor([q for _, q in assign(values, 0.0)])

    report_ids(name, columns(None), want, steady(columns)[1])
    return assign(affinity, 0.0)


def test_reference_association(golden: Golden) -> None:
    units = golden("inference_units")
    memory, current = units["mt_tgt"], units["mt_cur"]
    affinity = bisoftmax_affinity(memory[:, -3:], current)
    report_difference("bi-softmax", affinity, units["newobj_bisoftmax"], 1e-6)
    cosine = cosine_affinity(memory, current)
    pairs = matched("cosine", cosine, units["mt_cos_idx"])
    found = torch.stack([cosine[n, q] for n, q in pairs])
    report_difference("cosine matching", found, units["mt_cos_sim"], 1e-6)
    # The released matching of still queries scales the dot products of time means by 1/sqrt(C).
    scaled = bisoftmax_affinity(memory / memory.shape[-1] ** 0.5, current.mean(1, keepdim=True))
    pairs = matched("bi-softmax", scaled, units["mt_bisoft_idx"])
    found = torch.stack([scaled[n, q] for n, q in pairs])
    report_difference("bi-softmax matching", found, units["mt_bisoft_sim"], 1e-6)


def test_reference_boxes(golden: Golden) -> None:
    units = golden("inference_units")
    assert torch.equal(mask_boxes(units["m2b_in"].bool()), units["m2b_out"])
    report_difference("box IoU", box_iou(units["vbiou_in"]), units["vbiou_out"], 1e-6)


def test_quality_counts_undecided_pixels() -> None:
    logits = torch.tensor([[2.0, 0.0, -0.5, -3.0], [-2.0, -2.0, -2.0, -2.0]])
    assert torch.allclose(mask_quality(logits), torch.tensor([1 / 3, 0.0]))


def test_empty_memory_is_consistent_with_nothing() -> None:
    memory = torch.zeros(1, 3, 4)
    assert not used_slots(memory).any()
    assert temporal_consistency(memory, torch.ones(1, 2, 4)).item() == 0


def test_assignment_is_one_to_one_and_above_the_threshold() -> None:
    affinity = torch.tensor([[0.9, 0.8, 0.0], [0.85, 0.1, 0.05]])
    assert assign(affinity, 0.2) == [(0, 1), (1, 0)]
    assert assign(affinity, 0.82) == [(0, 0)]
    assert assign(torch.zeros(0, 4), 0.2) == []


def test_things_are_matched_with_things_and_stuff_with_stuff() -> None:
    """Row 0 would take column 1 for 0.9, but is a thing, and column 1 is stuff."""
    affinity = torch.tensor([[0.3, 0.9, 0.4], [0.8, 0.5, 0.7]])
    known, found = torch.tensor([True, False]), torch.tensor([True, False, True])
    assert assign(affinity, 0.2) == [(0, 1), (1, 0)]
    assert assign_by_kind(affinity, 0.2, known, found) == [(0, 2), (1, 1)]
    assert assign_by_kind(affinity, -1.0, known, ~found) == [(0, 1), (1, 0)]
    assert assign_by_kind(affinity, -1.0, known & False, found | True) == []


def test_boxes_and_masks_overlap() -> None:
    masks = torch.zeros(3, 1, 8, 8, dtype=torch.bool)
    masks[0, 0, 1:4, 2:6] = True
    masks[1, 0, 1:4, 2:7] = True
    assert mask_boxes(masks)[:, 0].tolist() == [[2, 1, 5, 3], [2, 1, 6, 3], [0, 0, 0, 0]]
    iou = mask_iou(masks, masks)[..., 0]
    assert torch.allclose(iou[0, 1], torch.tensor(12 / 15))
    assert iou[2, 2] == 0
    assert box_nms(masks, 0.7).tolist() == [True, False, True]


def test_dropped_detections_still_suppress() -> None:
    overlap = torch.tensor([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])
    assert no_higher_duplicate(overlap, 0.8).tolist() == [True, False, False]
