"""The bounded memory against one that keeps every frame of the video."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.memory.prompt_memory import PromptMemory
from vidseg.inference.published.settings import published
from vidseg.models.decoder.tensors import VisualTokens
from vidseg.models.presets import debug
from vidseg.models.univs.model import UniVS
from vidseg.types import Task

from ..scripted import make_clip

GEOMETRY = FrameGeometry((64, 64), (64, 64), (64, 64))
R, C = 4, 32


def config(length: int, memory: int, *, inherit: bool) -> InferenceConfig:
    return published(Task.VOS).override(
        clip_length=length,
        memory_length=memory,
        tokens_per_prompt=R,
        inherit_tokens=inherit,
    )


class EveryFrame:
    """The released pool: one slot per frame, for ever."""

    def __init__(self, *, inherit: bool) -> None:
        self.inherit = inherit
        self.slots = torch.zeros(0, 0, R, C)
        self.first: list[int] = []

    def add(self, first: int) -> None:
        self.first.append(first)
        self.slots = torch.cat([self.slots, torch.zeros(1, *self.slots.shape[1:])])

    def advance(self, stop: int) -> None:
        N, now = self.slots.shape[:2]
        new = torch.zeros(N, stop - now, R, C)
        if self.inherit and now:
            new = self.slots[:, -1:].expand(-1, stop - now, -1, -1)
        self.slots = torch.cat([self.slots, new], dim=1)

    def write(self, row: int, tokens: Tensor, slot: int) -> None:
        self.slots[row, slot:] = tokens

    def tokens(self, memory: int) -> Tensor:
        """[N, (M + 1) R, C]"""
        last = self.slots.shape[1] - 1
        first = torch.stack([s[min(f, last)] for s, f in zip(self.slots, self.first, strict=True)])
        return torch.cat([first[:, None], self.slots[:, -memory:]], dim=1).flatten(1, 2)


@pytest.mark.parametrize(
    ("length", "memory", "inherit"), [(3, 5, False), (1, 2, True), (4, 2, False)]
)
def test_gives_what_an_endless_memory_would(length: int, memory: int, inherit: bool) -> None:
    model = UniVS(debug()).eval()
    bounded = PromptMemory(model, config(length, memory, inherit=inherit))
    endless = EveryFrame(inherit=inherit)
    generator = torch.Generator().manual_seed(0)
    births = {0: 1, 4: 2, 5: 3}
    for start in range(20):
        stop = start + length
        bounded.advance(stop)
        endless.advance(stop)
        if start in births:
            bounded.add([births[start]], first=stop - 1)
            endless.add(stop - 1)
        for row in range(len(bounded.ids)):
            for slot in range(start, stop):
                if torch.rand((), generator=generator) < 0.4:
                    tokens = torch.randn(1, R, C, generator=generator)
                    bounded.write([row], VisualTokens(tokens, -tokens), slot)
                    endless.write(row, tokens[0], slot)
        queries = bounded.queries(make_clip(start, length, 1, GEOMETRY))
        assert torch.equal(queries.tokens[0, :, :, 0], endless.tokens(max(memory, length)))
        assert queries.token_position is not None
        assert torch.equal(queries.token_position, -queries.tokens)
        slots = endless.slots[:, -length:]
        used = slots.ne(0).any(-1).sum(-1, keepdim=True).clamp(min=1)
        want = slots.sum(2) / used + model.prompt_encoder.visual_task.weight
        assert torch.allclose(queries.query[0], want, atol=1e-6)


def test_forgetting_an_object_leaves_the_others() -> None:
    memory = PromptMemory(UniVS(debug()).eval(), config(1, 3, inherit=True))
    memory.advance(1)
    memory.add([5, 6, 7], first=0)
    tokens = torch.arange(3.0)[:, None, None].expand(3, R, C) + 1
    memory.write([0, 1, 2], VisualTokens(tokens, tokens), 0)
    memory.remove([6])
    assert memory.ids == (5, 7)
    assert memory.content[:, 0, 0, 0].tolist() == [1, 3]
    assert memory.first_content[:, 0, 0].tolist() == [1, 3]


def test_the_first_slot_changes_only_until_its_frame_has_passed() -> None:
    memory = PromptMemory(UniVS(debug()).eval(), config(2, 2, inherit=False))
    memory.advance(2)
    memory.add([1], first=1)
    one = torch.ones(1, R, C)
    memory.write([0], VisualTokens(one, one), 1)
    memory.advance(3)
    memory.write([0], VisualTokens(2 * one, 2 * one), 2)
    assert memory.first_content.unique().tolist() == [1]
    memory.write([0], VisualTokens(3 * one, 3 * one), 1)
    assert memory.first_content.unique().tolist() == [3]
