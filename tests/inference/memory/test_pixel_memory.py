"""Remembered frames: bounds, births, returns and corrections."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidseg.inference.memory.pixel_memory import PixelMemory
from vidseg.models.univs.propagation import MapKind, Propagation, PropagationConfig

SIZE = (6, 6)


@pytest.fixture
def memory() -> PixelMemory:
    torch.manual_seed(0)
    config = PropagationConfig(key_channels=8, recent_frames=2, anchor_frames=2, tile=3, halo=3)
    return PixelMemory(Propagation(config, key_sources=(3, 5), hidden=8).eval())


@pytest.fixture
def key() -> Tensor:
    """Cells that look like nothing but themselves."""
    torch.manual_seed(1)
    return F.normalize(torch.randn(64, *SIZE), dim=0)


def square() -> Tensor:
    mask = torch.zeros(SIZE)
    mask[1:3, 1:4] = 1
    return mask


def test_an_object_is_read_back_where_it_was(memory: PixelMemory, key: Tensor) -> None:
    memory.write(key, {5: square()}, anchored={5})
    maps = memory.read(key[None], [5])
    assert maps.shape == (1, 1, 1, len(MapKind), *SIZE)
    for kind in (MapKind.ANCHOR, MapKind.RECENT, MapKind.PREVIOUS):
        assert torch.equal(maps[0, 0, 0, kind] > 0, square() > 0), kind
    assert (maps[0, 0, 0, MapKind.PROMPT] == 0).all()


def test_an_unknown_object_has_blank_maps(memory: PixelMemory, key: Tensor) -> None:
    memory.write(key, {5: square()}, anchored={5})
    assert (memory.read(key[None], [6]) == 0).all()


def test_frames_before_a_birth_do_not_speak_against_it(memory: PixelMemory, key: Tensor) -> None:
    memory.write(key, {1: square()}, anchored={1})
    memory.write(key, {1: square(), 2: square()}, anchored={2})
    born, old = memory.read(key[None], [2, 1])[0]
    assert torch.equal(born[0, MapKind.RECENT] > 0, square() > 0)
    assert torch.equal(old[0, MapKind.RECENT] > 0, square() > 0)


def test_a_lost_object_returns_from_its_anchor(memory: PixelMemory, key: Tensor) -> None:
    memory.write(key, {1: square()}, anchored={1})
    for _ in range(5):
        memory.write(key, {1: torch.zeros(SIZE)}, anchored=())
    maps = memory.read(key[None], [1])[0, 0, 0]
    assert (maps[MapKind.RECENT] < 0).all()
    assert torch.equal(maps[MapKind.ANCHOR] > 0, square() > 0)


def test_memory_is_bounded_and_nobody_loses_the_anchor(memory: PixelMemory, key: Tensor) -> None:
    masks: dict[int, Tensor] = {}
    for i in range(1, 20):
        masks[i] = square()
        memory.write(key, masks, anchored={i})
    assert len(memory.anchors) == 2 and len(memory.recent) == 2
    assert {i for frame in memory.anchors for i in frame.masks} == set(masks)


def test_the_anchor_of_fewest_objects_goes_wherever_it_stands(
    memory: PixelMemory, key: Tensor
) -> None:
    memory.write(key, {1: square(), 2: square()}, anchored={1, 2})
    memory.write(key.flip(0), {3: square()}, anchored={3})
    memory.write(key.roll(1, 0), {3: square(), 4: square()}, anchored={4})
    assert [set(frame.masks) for frame in memory.anchors] == [{1, 2}, {3, 4}]


def test_forgotten_objects_leave_nothing(memory: PixelMemory, key: Tensor) -> None:
    memory.write(key, {1: square(), 2: square()}, anchored={1, 2})
    memory.forget([1])
    assert (memory.read(key[None], [1]) == 0).all()
    assert (memory.read(key[None], [2])[0, 0, 0, MapKind.ANCHOR] != 0).any()
    memory.forget([2])
    assert memory.anchors == []


def test_a_drawn_prompt_is_passed_on(memory: PixelMemory, key: Tensor) -> None:
    drawn = 2 * square()[None] - 1
    maps = memory.read(key[None], [3], drawn={3: drawn})
    assert torch.equal(maps[0, 0, 0, MapKind.PROMPT], drawn[0])
