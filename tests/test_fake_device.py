"""The stand-in for a second device refuses what CUDA refuses, and counts what makes it wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from .fake_device import DEVICE, fake_device


@pytest.mark.parametrize(
    "mix",
    [
        lambda own, cpu: own + cpu,
        lambda own, cpu: cpu[own > 0],
        lambda own, cpu: cpu[own.argsort()],
        lambda own, cpu: torch.cat([own, cpu]),
        lambda own, cpu: torch.where(own > 0, own, cpu),
        lambda own, cpu: cpu.add_(own.sum()),
    ],
)
def test_what_cuda_refuses(mix: Callable[[Tensor, Tensor], Tensor]) -> None:
    with fake_device():
        own = torch.arange(3.0, device=DEVICE)
        with pytest.raises(AssertionError, match="mixes devices"):
            mix(own, torch.ones(3))


def test_what_cuda_takes() -> None:
    with fake_device() as waits:
        own = torch.arange(3.0, device=DEVICE)
        assert (own * torch.tensor(2.0)).tolist() == [0, 2, 4]
        assert own[torch.tensor([2, 0])].tolist() == [2, 0]
        own[[0, 1]] = 5.0
        assert own.cpu().tolist() == [5, 5, 2]
        assert (waits.total("read"), waits.total("write")) == (3, 2)


@pytest.mark.parametrize(
    ("ask", "reads"),
    [
        (lambda x: x.sum().item(), 1),
        (lambda x: bool(x.any()), 1),
        (lambda x: float(x[0]), 1),
        (lambda x: x.nonzero(), 1),
        (lambda x: x[x > 0], 1),
        (lambda x: x.cpu(), 1),
        (lambda x: x.unique(), 1),
        (lambda x: torch.where(x > 0, x, -x).sum(), 0),
        (lambda x: x.masked_fill(x > 0, 1.0), 0),
    ],
)
def test_what_makes_the_host_wait(ask: Callable[[Tensor], object], reads: int) -> None:
    with fake_device() as waits:
        own = torch.arange(3.0, device=DEVICE)
        ask(own)
        assert waits.total("read") == reads
