"""Deformable attention against a plain loop over levels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidseg.nn.deformable import DeformableAttention, sample_levels

from ..parity import report_difference

SIZES = ((2, 3), (4, 6), (8, 12))


def loop_over_levels(value: Tensor, locations: Tensor) -> Tensor:
    """[N, heads, D, S, levels * points], one grid_sample a level."""
    N, _, heads, D = value.shape
    parts = []
    for i, cells in enumerate(value.split([h * w for h, w in SIZES], dim=1)):
        h, w = SIZES[i]
        picture = cells.permute(0, 2, 3, 1).reshape(N * heads, D, h, w)
        grid = (2 * locations[..., i, :, :] + 1) / torch.tensor([w, h]) - 1
        grid = grid.transpose(1, 2).flatten(0, 1)
        sampled = F.grid_sample(picture, grid, padding_mode="zeros", align_corners=False)
        parts.append(sampled.unflatten(0, (N, heads)))
    return torch.cat(parts, dim=-1)


def random_input() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    cells = sum(h * w for h, w in SIZES)
    value = torch.randn(2, cells, 4, 8)
    locations = torch.rand(2, 5, 4, 3, 4, 2) * 24 - 8  # inside, at the border and far outside
    return value, locations


def test_one_canvas_equals_a_loop() -> None:
    value, locations = random_input()
    report_difference(
        "sampled", sample_levels(value, SIZES, locations), loop_over_levels(value, locations), 1e-5
    )


def test_gradients_equal_those_of_a_loop() -> None:
    gradients = []
    for sample in (lambda v, p: sample_levels(v, SIZES, p), loop_over_levels):
        value, locations = (x.requires_grad_() for x in random_input())
        (sample(value, locations) ** 2).sum().backward()
        gradients.append((value.grad, locations.grad))
    for got, want in zip(*gradients, strict=True):
        report_difference("gradient", got, want, 1e-3)


def test_fresh_heads_look_in_compass_directions() -> None:
    attention = DeformableAttention(hidden=32, heads=8, levels=3, points=4)
    bias = attention.offsets.bias.view(8, 3, 4, 2)
    assert torch.allclose(bias[0, 0], torch.tensor([[1.0, 0], [2, 0], [3, 0], [4, 0]]), atol=1e-5)
    assert torch.allclose(bias[3, 2, 1], torch.tensor([-2.0, 2.0]), atol=1e-5)
