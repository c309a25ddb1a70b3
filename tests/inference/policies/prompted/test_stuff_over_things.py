"""PVOS: who owns a pixel that a followed thing and a stuff class both claim."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from vidseg.inference.config import default
from vidseg.inference.policies.prompted.policy import PromptedPolicy
from vidseg.inference.published.settings import published
from vidseg.types import Task


@pytest.mark.parametrize(("released", "taken"), [(False, 0), (True, 2)])
def test_stuff_takes_pixels_of_things_only_as_released(released: bool, taken: int) -> None:
    policy: Any = PromptedPolicy.__new__(PromptedPolicy)
    policy._config = published(Task.PVOS) if released else default(Task.PVOS)
    policy._memory = SimpleNamespace(ids=(1, 2))
    policy._results = SimpleNamespace(stuff=lambda: {2: 0})
    everywhere = torch.ones(1, 1, 2, 2, dtype=torch.bool)
    policy._stuff = SimpleNamespace(masks=lambda *_: everywhere)
    logits = torch.full((2, 1, 2, 2), -1.0)
    logits[0, 0, 0] = 1  # the thing claims the upper row
    painted = policy._painted(None, None, logits)
    assert not painted[0].any()
    assert painted[1, 0, 0].sum() == taken and painted[1, 0, 1].all()
