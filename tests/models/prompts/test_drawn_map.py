"""Soft maps of what the user drew."""

from __future__ import annotations

import numpy as np
import torch

from vidseg.models.prompts.drawn_map import (
    INSIDE_BOX,
    drawn_maps,
    map_of_box,
    map_of_mask,
    map_of_point,
)
from vidseg.prompts import Box, Mask, Point, Scribble, VisualPrompt


def draw(*prompts: VisualPrompt) -> torch.Tensor:
    """Map of one object on a 64x64 source that fills the model input."""
    size = (64, 64)
    rows = [0] * len(prompts)
    return drawn_maps(prompts, rows, 1, source_size=size, valid_size=size, size=size)[0]


def test_mask_cells_hold_the_share_of_the_object() -> None:
    mask = torch.zeros(16, 16)
    mask[:8, :4] = 1
    assert map_of_mask(mask).tolist() == [[0.0, -1.0], [-1.0, -1.0]]


def test_box_says_no_outside_and_maybe_inside() -> None:
    drawn = map_of_box(torch.tensor([8.0, 16.0, 24.0, 24.0]), (4, 4))
    want = torch.full((4, 4), -1.0)
    want[2, 1:3] = INSIDE_BOX
    assert torch.equal(drawn, want)


def test_point_peaks_at_its_cell() -> None:
    drawn = map_of_point(torch.tensor([20.0, 12.0]), (4, 4))
    assert drawn.argmax().item() == 1 * 4 + 2 and drawn.max() == 1 and drawn.min() >= 0


def test_negative_point_cuts_into_a_box() -> None:
    drawn = draw(Box(8, 8, 56, 56), Point(30, 30, positive=False))
    assert drawn[3, 3] < -0.5 and drawn[1, 1] == INSIDE_BOX and drawn[0, 0] == -1


def test_order_of_prompts_does_not_matter() -> None:
    box, point = Box(8, 8, 56, 56), Point(30, 30)
    assert torch.equal(draw(box, point), draw(point, box))


def test_mask_and_scribble() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:32] = True
    assert torch.equal(draw(Mask(mask))[:4], torch.ones(4, 8))
    stroke = draw(Scribble(np.array([[4.0, 28.0], [60.0, 28.0]])))
    assert (stroke[3] > 0).all() and stroke[0].abs().max() == 0
