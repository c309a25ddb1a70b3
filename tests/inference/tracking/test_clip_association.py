"""Ids over births, gaps and deaths, with a decoder whose masks are scripted (GvSeg Eq. 6)."""

from __future__ import annotations

import pytest
import torch

from vidseg.inference.config import CLIP_WISE, default
from vidseg.inference.policies.category.detection import Detections
from vidseg.inference.policies.category.matching import Matching
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.inference.policies.category.vps import PanopticRules
from vidseg.inference.tracking.clip_association import describer, first_visible, shapes_of
from vidseg.inference.tracking.entities import Entities
from vidseg.models.gvseg.shape_position import DescriptorConfig
from vidseg.types import Task

from ..scripted import make_categories, make_clip
from ..world import CHANNELS, GEOMETRY, Square, World

THINGS = [True, True, False]
BACK = [*range(6), *range(15, 24)]


def shown(forget_after: int) -> list[list[int]]:
    """Ids of 8 clips of three frames; the second square is away in frames 6 to 14."""
    squares = [Square(2, 2, 0, range(24), range(24)), Square(14, 8, 1, BACK, BACK)]
    config = default(Task.VIS).override(CLIP_WISE).override(forget_after=forget_after)
    shapes = shapes_of(describer(DescriptorConfig(), CHANNELS), config.gvseg, THINGS)
    decoder = World(squares, 3).decoder()
    policy = CategoryPolicy(decoder, config, Task.VIS, make_categories(THINGS), shapes=shapes)
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


def test_a_thing_is_not_found_again_as_stuff() -> None:
    """Both detections look like the other one's object; only kinds tell them apart."""
    looks = torch.tensor([[1.0, 0.2], [0.2, 1.0]])
    scores = torch.tensor([[0.9, 0.0, 0.1], [0.0, 0.1, 0.8]])  # class 0 is a thing, class 2 stuff
    entities = Entities(memory=1, unborn_slots=False, momentum=0.8)
    entities.open_slot()
    entities.add(looks, scores, torch.ones(2), 0)
    found = Detections(scores, torch.ones(2), torch.full((2, 3, 4, 4), 8.0), looks.flip(0)[:, None])
    config = default(Task.VPS).override(CLIP_WISE).override({"affinity": "appearance"})
    rules = PanopticRules(config, torch.tensor(THINGS))
    matching = Matching(config, rules, torch.tensor(THINGS), None)
    assert matching.match(entities, found).pairs == [(0, 0), (1, 1)]
    same = Matching(config, rules, torch.tensor([True] * 3), None)
    assert same.match(entities, found).pairs == [(0, 1), (1, 0)]


@pytest.mark.parametrize("association", ["similarity", "prompts"])
def test_each_object_and_detection_is_described_once_a_clip(association: str) -> None:
    described: list[int] = []

    def describe(masks: torch.Tensor) -> torch.Tensor:
        described.append(len(masks))
        return torch.zeros(len(masks), 2)

    entities = Entities(memory=1, unborn_slots=False)
    entities.open_slot()
    entities.add(torch.eye(2), torch.eye(3)[:2], torch.ones(2), 0)
    masks = torch.full((2, 1, 4, 4), 8.0)
    config = default(Task.VPS).override({"affinity": "shape_position", "association": association})
    rules = PanopticRules(config, torch.tensor(THINGS))
    shapes = shapes_of(describe, config.gvseg, THINGS)
    assert shapes is not None
    shapes.append(masks)
    described.clear()
    found = Detections(torch.eye(3)[:2], torch.ones(2), masks, torch.eye(2)[:, None])
    Matching(config, rules, torch.tensor(THINGS), shapes).match(entities, found)
    assert described == [2]
