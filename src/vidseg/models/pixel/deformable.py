"""Pixel decoder: backbone maps in, three encoded levels and mask features out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...backbones.spec import FeatureSpec
from ...nn.deformable import DeformableAttention, Sizes
from ...nn.layers import ConvGroupNorm, FeedForward, initialise_convolution
from ...nn.position import grid_position

PixelFeatures = tuple[tuple[Tensor, Tensor, Tensor], Tensor]
"""Levels of stride 32, 16, 8, each [N, C, h, w], and mask features [N, C_mask, H/4, W/4]."""


@dataclass(frozen=True, kw_only=True)
class DeformablePixelDecoderConfig:
    """Multi-scale deformable pixel decoder of Mask2Former, the published one."""

    hidden: int = 256
    mask_dim: int = 256
    heads: int = 8
    points: int = 4
    layers: int = 6
    ffn: int = 1024


class DeformableEncoderLayer(nn.Module):
    """Post-norm deformable self-attention over the cells of all levels, then feed-forward."""

    def __init__(self, config: DeformablePixelDecoderConfig, levels: int) -> None:
        super().__init__()
        self.attention = DeformableAttention(config.hidden, config.heads, levels, config.points)
        self.norm = nn.LayerNorm(config.hidden)
        self.feed_forward = FeedForward(config.hidden, config.ffn)

    def forward(self, x: Tensor, position: Tensor, references: Tensor, sizes: Sizes) -> Tensor:
        """x [N, S, C], position [S, C], references [S, 2] in 0..1 -> [N, S, C]."""
        x = self.norm(x + self.attention(x + position, references, x, sizes))
        out: Tensor = self.feed_forward(x)
        return out


class DeformablePixelDecoder(nn.Module):
    """Mask2Former's multi-scale deformable pixel decoder (UniVS §3.1)."""

    def __init__(self, config: DeformablePixelDecoderConfig, spec: FeatureSpec) -> None:
        super().__init__()
        hidden = config.hidden
        res2, res3, res4, res5 = spec.channels
        self.input_projections = nn.ModuleList(
            ConvGroupNorm(channels, hidden, bias=True) for channels in (res5, res4, res3)
        )
        self.level_embed = nn.Parameter(torch.randn(3, hidden))
        self.layers = nn.ModuleList(
            DeformableEncoderLayer(config, levels=3) for _ in range(config.layers)
        )
        self.lateral = ConvGroupNorm(res2, hidden)
        self.smooth = ConvGroupNorm(hidden, hidden, kernel=3, relu=True)
        self.mask_features = nn.Conv2d(hidden, config.mask_dim, 1)
        initialise_convolution(self.mask_features)

    def forward(self, maps: Sequence[Tensor]) -> PixelFeatures:
        """Maps res2..res5 [N, c, h, w] of strides 4, 8, 16, 32 -> levels, mask features."""
        res2, res3, res4, res5 = maps
        levels = [
            project(x)
            for project, x in zip(self.input_projections, (res5, res4, res3), strict=True)
        ]
        sizes = [(level.shape[2], level.shape[3]) for level in levels]
        x = torch.cat([level.flatten(2).transpose(1, 2) for level in levels], dim=1)
        position, references = self._places(sizes, x)
        for layer in self.layers:
            x = layer(x, position, references, sizes)
        stride32, stride16, stride8 = (
            cells.transpose(1, 2).unflatten(2, size)
            for cells, size in zip(x.split([h * w for h, w in sizes], dim=1), sizes, strict=True)
        )
        fine = self.lateral(res2)
        fine = fine + F.interpolate(stride8, size=fine.shape[-2:], mode="bilinear")
        return (stride32, stride16, stride8), self.mask_features(self.smooth(fine))

    def _places(self, sizes: Sizes, like: Tensor) -> tuple[Tensor, Tensor]:
        """Position embedding [S, C] and cell centres (x, y) [S, 2] in 0..1 of all levels."""
        positions, centres = [], []
        for (h, w), level in zip(sizes, self.level_embed, strict=True):
            positions.append(grid_position(h, w, like.shape[-1], like.device).flatten(0, 1) + level)
            y = (torch.arange(h, device=like.device, dtype=torch.float32) + 0.5) / h
            x = (torch.arange(w, device=like.device, dtype=torch.float32) + 0.5) / w
            centres.append(torch.stack((x.repeat(h), y.repeat_interleave(w)), dim=-1))
        return torch.cat(positions).to(like.dtype), torch.cat(centres)
