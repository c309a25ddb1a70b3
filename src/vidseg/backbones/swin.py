"""Swin Transformer as used for detection (Liu et al. 2021): any input size, four normed maps.

Module names are those of the released detection checkpoints.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .spec import Backbone, FeatureMaps, FeatureSpec
from .window_attention import (
    WindowAttention,
    join_windows,
    shift_mask,
    split_windows,
)


@dataclass(frozen=True, kw_only=True)
class SwinConfig:
    """Shape of a Swin Transformer. Head count times 32 is the channel count in released models.

    Attributes:
        channels: C of the first stage, doubled at each later one.
        depths: blocks per stage.
        heads: attention heads per stage.
        window: cells along the side of an attention window.
        mlp_ratio: hidden over outer channels of the two-layer perceptrons.
        drop_path: chance of skipping the last block in training, rising linearly from 0.
    """

    channels: int
    depths: tuple[int, int, int, int]
    heads: tuple[int, int, int, int]
    window: int
    mlp_ratio: int = 4
    drop_path: float = 0.3


def swin_tiny() -> SwinConfig:
    return SwinConfig(channels=96, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), window=7)


def swin_base() -> SwinConfig:
    return SwinConfig(channels=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32), window=12)


def swin_large() -> SwinConfig:
    return SwinConfig(channels=192, depths=(2, 2, 18, 2), heads=(6, 12, 24, 48), window=12)


class DropPath(nn.Module):
    """Skips a residual branch for some samples in training and scales the others up to match."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.chance == 0:
            return x
        kept = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(1 - self.chance)
        return x * kept / (1 - self.chance)


class PatchEmbedding(nn.Module):
    """4x4 patches as tokens: [N, 3, H, W] to [N, H/4, W/4, C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, channels, kernel_size=4, stride=4)
        self.norm = nn.LayerNorm(channels)

    def forward(self, images: Tensor) -> Tensor:
        h, w = images.shape[-2:]
        padded = F.pad(images, (0, -w % 4, 0, -h % 4))
        tokens: Tensor = self.norm(self.proj(padded).permute(0, 2, 3, 1))
        return tokens


class PatchMerging(nn.Module):
    """Joins 2x2 cells: [N, h, w, C] to [N, h/2, w/2, 2C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, w % 2, 0, h % 2))
        # published order of the four cells: down each column first
        cells = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        merged: Tensor = self.reduction(self.norm(torch.cat(cells, dim=-1)))
        return merged


class SwinBlock(nn.Module):
    """Window attention and a perceptron, each behind a layer norm and a shortcut."""

    def __init__(
        self, config: SwinConfig, channels: int, heads: int, *, shifted: bool, chance: float
    ) -> None:
        super().__init__()
        self.window = config.window
        self.shift = config.window // 2 if shifted else 0
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, heads, config.window)
        self.drop_path = DropPath(chance)
        self.norm2 = nn.LayerNorm(channels)
        hidden = channels * config.mlp_ratio
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(channels, hidden), act=nn.GELU(), fc2=nn.Linear(hidden, channels)
            )
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens [N, h, w, C] and the offset of ``shift_mask`` for the padded map."""
        x = x + self.drop_path(self._attend(self.norm1(x), mask))
        out: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
        return out

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        h, w = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, -w % self.window, 0, -h % self.window))
        padded_h, padded_w = x.shape[1:3]
        if self.shift:
            x = x.roll((-self.shift, -self.shift), dims=(1, 2))
        mixed = self.attn(split_windows(x, self.window), mask if self.shift else None)
        x = join_windows(mixed, self.window, padded_h, padded_w)
        if self.shift:
            x = x.roll((self.shift, self.shift), dims=(1, 2))
        return x[:, :h, :w]


class SwinStage(nn.Module):
    """Blocks with plain and shifted windows in turn, then the merging for the next stage."""

    def __init__(self, config: SwinConfig, index: int) -> None:
        super().__init__()
        self.window = config.window
        channels, depth = config.channels << index, config.depths[index]
        first = sum(config.depths[:index])
        step = config.drop_path / (sum(config.depths) - 1)
        self.blocks = nn.ModuleList(
            SwinBlock(
                config,
                channels,
                config.heads[index],
                shifted=block % 2 == 1,
                chance=step * (first + block),
            )
            for block in range(depth)
        )
        self.downsample = PatchMerging(channels) if index < 3 else None

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[1:3]
        mask = shift_mask(h + -h % self.window, w + -w % self.window, self.window, like=x)
        for block in self.blocks:
            x = block(x, mask)
        return x


class Swin(Backbone):
    """Four stages at strides 4, 8, 16 and 32, each output with a layer norm of its own."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.config = config
        c = config.channels
        self.spec = FeatureSpec(channels=(c, 2 * c, 4 * c, 8 * c))
        self.patch_embed = PatchEmbedding(c)
        self.layers = nn.ModuleList(SwinStage(config, index) for index in range(4))
        self.norm0, self.norm1, self.norm2, self.norm3 = map(nn.LayerNorm, self.spec.channels)
        self.apply(_initialise)

    def forward(self, images: Tensor) -> FeatureMaps:
        """Images [N, 3, H, W] to maps [N, C_i, H/s_i, W/s_i]."""
        x = self.patch_embed(images)
        maps: list[Tensor] = []
        norms = (self.norm0, self.norm1, self.norm2, self.norm3)
        for stage, norm in zip(self.layers, norms, strict=True):
            x = stage(x)
            maps.append(norm(x).permute(0, 3, 1, 2))
            if isinstance(stage.downsample, PatchMerging):
                x = stage.downsample(x)
        p2, p3, p4, p5 = maps
        return p2, p3, p4, p5


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
