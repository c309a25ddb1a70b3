"""A feature pyramid for small models, behind the same interface as the deformable decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ...backbones.spec import FeatureSpec


@dataclass(frozen=True, kw_only=True)
class LightPixelDecoderConfig:
    """Feature pyramid without attention, for small models."""

    hidden: int = 96
    mask_dim: int = 96


class SeparableBlock(nn.Module):
    """Depthwise 5x5 and pointwise 1x1 convolution, residual."""

    def __init__(self, channels: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.GroupNorm(8, channels)
        self.pointwise = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.pointwise(F.relu(self.norm(self.depthwise(x))))
        return x + change


class LightPixelDecoder(nn.Module):
    """Top-down pyramid over res2..res5; the coarsest map also sees the mean of the frame."""

    def __init__(self, config: LightPixelDecoderConfig, spec: FeatureSpec):
        super().__init__()
        C = config.hidden
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, C, 1), nn.GroupNorm(8, C))
            for channels in spec.channels
        )
        self.context = nn.Conv2d(C, C, 1)
        self.blocks = nn.ModuleList(SeparableBlock(C) for _ in spec.channels)
        self.mask_features = nn.Conv2d(C, C, 1)

    def forward(
        self, maps: tuple[Tensor, Tensor, Tensor, Tensor]
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Maps of strides 4, 8, 16, 32 to ((stride 32, 16, 8), stride-4 mask features)."""
        merged: list[Tensor] = []
        for lateral, block, level in zip(
            reversed(self.laterals), reversed(self.blocks), reversed(maps), strict=True
        ):
            x = lateral(level)
            if merged:
                above = F.interpolate(
                    merged[-1], size=x.shape[-2:], mode="bilinear", align_corners=False
                )
                x = x + above
            else:
                x = x + self.context(x.mean((2, 3), keepdim=True))
            merged.append(block(x))
        a, b, c, finest = merged
        return (a, b, c), self.mask_features(finest)
