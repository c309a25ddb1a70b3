"""Small building blocks: feed-forward block, MLP, normalised convolution."""

from __future__ import annotations

import itertools
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

GROUPS = 32
"""Groups of every GroupNorm of the pixel decoders."""


class FeedForward(nn.Module):
    """LayerNorm(x + W2 relu(W1 x))."""

    def __init__(self, hidden: int, ffn: int) -> None:
        super().__init__()
        self.expand = nn.Linear(hidden, ffn)
        self.contract = nn.Linear(ffn, hidden)
        self.norm = nn.LayerNorm(hidden)
        for linear in (self.expand, self.contract):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[..., C] -> [..., C]."""
        out: Tensor = self.norm(x + self.contract(F.relu(self.expand(x))))
        return out


class MLP(nn.Module):
    """``layers`` linear maps with ReLU between them."""

    def __init__(self, hidden: int, out: int, layers: int = 3) -> None:
        super().__init__()
        widths = [hidden] * layers + [out]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """[..., hidden] -> [..., out]."""
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        out: Tensor = self.layers[-1](x)
        return out


class ConvGroupNorm(nn.Module):
    """Convolution, GroupNorm(32) and, if asked, ReLU; keeps the resolution."""

    def __init__(
        self, channels: int, out: int, kernel: int = 1, *, bias: bool = False, relu: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=bias)
        self.norm = nn.GroupNorm(GROUPS, out)
        self.relu = relu
        initialise_convolution(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, h, w] -> [N, out, h, w]."""
        x = self.norm(self.conv(x))
        return F.relu(x) if self.relu else x


def initialise_convolution(conv: nn.Conv2d) -> None:
    """Kaiming-uniform with a = 1, zero bias (the "c2 xavier" rule of detectron2)."""
    nn.init.kaiming_uniform_(conv.weight, a=1)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


def channels_last(module: Network) -> Network:
    """Lays weights out for faster convolutions, in place; gives the same module back."""
    # The stubs of ``to`` do not know this form on its own.
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module
