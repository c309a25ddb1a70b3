"""Objects told by a box are looked at twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.annotations import Annotation
from vidseg.inference.policies.prompted.box_refinement import (
    BoxMark,
    keep_sure_parts,
    remember_sure_parts,
    told_by_box,
    with_sure_part,
)
from vidseg.models.decoder.tensors import Prediction
from vidseg.prompts import Box, Mask, Point

MARK = BoxMark(1, 0, torch.ones(2, 2, dtype=torch.bool))


def prediction() -> Prediction:
    logits = torch.zeros(1, 3, 1, 2, 2)
    logits[0, 2, 0] = torch.tensor([[0.5, 1.5], [-1.0, 3.0]])
    return Prediction(logits, None, torch.zeros(1, 3, 1, 4), learnable=1)


def test_boxes_count_unless_a_mask_says_it_all() -> None:
    memory: Any = SimpleNamespace(ids=(7, 8, 9))
    geometry = FrameGeometry((16, 32), (16, 32), (32, 32))
    features: Any = SimpleNamespace(mask_features=torch.zeros(1, 4, 8, 8))
    clip: Any = SimpleNamespace(start=3, geometry=geometry, features=features)
    box = Box(4, 4, 12, 9)
    mask = Mask(torch.ones(16, 32, dtype=torch.bool).numpy())
    annotations = [
        Annotation(8, 3, (box, Point(1, 1))),
        Annotation(7, 3, (Point(1, 1),)),
        Annotation(9, 3, (box, mask)),
    ]
    (mark,) = told_by_box(annotations, memory, clip)
    assert (mark.row, mark.column) == (1, 0)
    # Cells of 4 pixels that the box touches: columns 1 and 2, rows 1 and 2.
    wanted = torch.zeros(8, 8, dtype=torch.bool)
    wanted[1:3, 1:3] = True
    assert torch.equal(mark.inside, wanted)


def test_only_the_sure_part_is_remembered_and_kept() -> None:
    seen: list[Any] = []
    memory: Any = SimpleNamespace(observe=lambda *a, **k: seen.append((a[2], a[3], k)))
    features: Any = [object()]
    clip: Any = SimpleNamespace(start=3, features=features, frame_indices=torch.tensor([3]))
    remember_sure_parts(memory, clip, [MARK], prediction(), 1.0)
    masks, slot, rows = seen[0]
    assert masks.tolist() == [[[[0.0, 1.0], [0.0, 1.0]]]] and slot == 3 and rows == {"rows": [1]}
    lowered = keep_sure_parts(prediction(), clip, [MARK], 1.0, 0.0)
    assert (lowered.mask_logits[0, 2, 0] > 0).tolist() == [[False, True], [False, True]]
    assert torch.equal(lowered.mask_logits[0, :2], prediction().mask_logits[0, :2])


def test_an_unsure_answer_is_better_than_none() -> None:
    marks = [MARK]
    clip: Any = SimpleNamespace()
    assert with_sure_part(marks, prediction(), 1.0) == marks
    assert with_sure_part(marks, prediction(), 3.5) == []
    kept = keep_sure_parts(prediction(), clip, marks, 3.5, 0.0)
    assert torch.equal(kept.mask_logits, prediction().mask_logits)
