"""Ids over births, gaps and deaths, with a decoder whose masks are scripted (GvSeg eq. 6)."""

from __future__ import annotations

from dataclasses import replace

import torch

from tests.inference.scripted import make_categories, make_clip
from tests.inference.world import CHANNELS, GEOMETRY, Square, World
from vidseg.inference.clip_association import describer, first_visible, shapes_of
from vidseg.inference.config import CLIP_WISE, default
from vidseg.inference.policies.category import CategoryPolicy
from vidseg.models.shape_position import DescriptorConfig
from vidseg.types import Task

THINGS = [True, True, False]
BACK = [*range(6), *range(15, 24)]


def shown(forget_after: int) -> list[list[int]]:
    """Ids of 8 clips of three frames; the second square is away in frames 6 to 14."""
    squares = [Square(2, 2, 0, range(24), range(24)), Square(14, 8, 1, BACK, BACK)]
    config = replace(default(Task.VIS).override(CLIP_WISE), forget_after=forget_after)
    shapes = shapes_of(describer(DescriptorConfig(), CHANNELS), config, THINGS)
    decoder = World(squares, 3).decoder()
    policy = CategoryPolicy(decoder, config, Task.VIS, make_categories(THINGS), shapes)
    results = [r for s in range(0, 24, 3) for r in policy.step(make_clip(s, 3, 3, GEOMETRY))]
    assert len(results) == 24 and not policy.finish()
    return [[segment.id for segment in r.segments] for r in results]


def test_an_object_keeps_its_id_over_a_gap() -> None:
    assert shown(60) == [[1, 2]] * 6 + [[1]] * 9 + [[1, 2]] * 9


def test_an_object_that_was_given_up_returns_under_a_new_id() -> None:
    """Last seen with the clip that starts at 3; at 12 that is longer than 6 frames ago."""
    assert shown(6) == [[1, 2]] * 6 + [[1]] * 9 + [[1, 3]] * 9


def test_the_first_visible_frame_is_described() -> None:
    masks = torch.zeros(2, 3, 4, 4, dtype=torch.bool)
    masks[0, 1, 2, 2] = masks[0, 2, 0, 0] = True
    found = first_visible(masks)
    assert found[0].nonzero().tolist() == [[2, 2]] and not found[1].any()
