"""What every backbone promises to the pixel decoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

FeatureMaps = tuple[Tensor, Tensor, Tensor, Tensor]
"""Maps [N, C_i, H/s_i, W/s_i] from the finest to the coarsest."""


@dataclass(frozen=True)
class FeatureSpec:
    """Shapes of the four maps that a backbone returns, from the finest to the coarsest.

    Attributes:
        channels: C of each map.
        strides: model-input pixels per cell of each map.
    """

    channels: tuple[int, int, int, int]
    strides: tuple[int, int, int, int] = (4, 8, 16, 32)


@dataclass(frozen=True)
class PixelNormalization:
    """How a backbone wants its input: ``(rgb - mean) / std`` with rgb in 0..255."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET_NORMALIZATION = PixelNormalization(
    mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)
)


class Backbone(nn.Module):
    """Base of all backbones: images [N, 3, H, W] to four maps.

    Images are normalised with ``normalization``; H and W are multiples of 32.
    """

    spec: FeatureSpec
    normalization: PixelNormalization = IMAGENET_NORMALIZATION

    def forward(self, images: Tensor) -> FeatureMaps:
        raise NotImplementedError
