"""Objects told by a box are looked at twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from vidseg.inference.policies.annotations import Annotation
from vidseg.inference.policies.second_look import (
    demand_margin,
    remember_sure_parts,
    told_by_box,
    with_sure_part,
)
from vidseg.models.tensors import Prediction
from vidseg.prompts import Box, Mask, Point


def prediction() -> Prediction:
    logits = torch.zeros(1, 3, 1, 2, 2)
    logits[0, 2, 0] = torch.tensor([[0.5, 1.5], [-1.0, 3.0]])
    return Prediction(logits, None, torch.zeros(1, 3, 1, 4), learnable=1)


def test_boxes_count_unless_a_mask_says_it_all() -> None:
    memory: Any = SimpleNamespace(ids=(7, 8, 9))
    clip: Any = SimpleNamespace(start=3)
    box = Box(0, 0, 4, 4)
    mask = Mask(torch.ones(4, 4, dtype=torch.bool).numpy())
    annotations = [
        Annotation(8, 3, (box, Point(1, 1))),
        Annotation(7, 3, (Point(1, 1),)),
        Annotation(9, 3, (box, mask)),
    ]
    assert told_by_box(annotations, memory, clip) == [(1, 0)]


def test_only_the_sure_part_is_remembered_and_kept() -> None:
    seen: list[Any] = []
    memory: Any = SimpleNamespace(observe=lambda *a, **k: seen.append((a[2], a[3], k)))
    features: Any = [object()]
    clip: Any = SimpleNamespace(start=3, features=features, frame_indices=torch.tensor([3]))
    remember_sure_parts(memory, clip, [(1, 0)], prediction(), 1.0)
    masks, slot, rows = seen[0]
    assert masks.tolist() == [[[[0.0, 1.0], [0.0, 1.0]]]] and slot == 3 and rows == {"rows": [1]}
    lowered = demand_margin(prediction(), [(1, 0)], 1.0)
    assert (lowered.mask_logits[0, 2, 0] > 0).tolist() == [[False, True], [False, True]]
    assert torch.equal(lowered.mask_logits[0, :2], prediction().mask_logits[0, :2])


def test_an_unsure_answer_is_better_than_none() -> None:
    marks = [(1, 0)]
    assert with_sure_part(marks, prediction(), 1.0) == marks
    assert with_sure_part(marks, prediction(), 3.5) == []
    kept = demand_margin(prediction(), marks, 3.5)
    assert torch.equal(kept.mask_logits, prediction().mask_logits)
