"""ResNet with frozen batch norm and the stride on the 3x3 convolution (He et al. 2016).

Module names and layout are those of the released detection checkpoints, so that published
UniVS and Mask2Former weights load without renaming inside this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .spec import Backbone, FeatureMaps, FeatureSpec


@dataclass(frozen=True, kw_only=True)
class ResNetConfig:
    """Defaults are ResNet-50.

    Attributes:
        stem_channels: channels after the 7x7 stem.
        bottleneck_channels: width of the 3x3 convolutions of res2, doubled at each later stage.
        out_channels: channels of res2, doubled at each later stage.
        depths: blocks of res2..res5.
    """

    stem_channels: int = 64
    bottleneck_channels: int = 64
    out_channels: int = 256
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)


class FrozenBatchNorm2d(nn.Module):
    """Batch norm with fixed statistics and affine values, all of them buffers; eps 1e-5."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class NormedConv2d(nn.Conv2d):
    """Convolution without bias followed by frozen batch norm, kept as its child ``norm``."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = FrozenBatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(super().forward(x))
        return normed


class Stem(nn.Module):
    """7x7 stride-2 convolution and 3x3 stride-2 max pooling: stride 4."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = NormedConv2d(3, channels, 7, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.relu(self.conv1(x)), kernel_size=3, stride=2, padding=1)


class Bottleneck(nn.Module):
    """1x1, 3x3 (strided), 1x1 convolutions and a shortcut, projected where the shape changes."""

    def __init__(self, inputs: int, width: int, outputs: int, stride: int) -> None:
        super().__init__()
        projected = stride != 1 or inputs != outputs
        self.shortcut = NormedConv2d(inputs, outputs, 1, stride) if projected else None
        self.conv1 = NormedConv2d(inputs, width, 1)
        self.conv2 = NormedConv2d(width, width, 3, stride)
        self.conv3 = NormedConv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual = F.relu(self.conv1(x))
        residual = F.relu(self.conv2(residual))
        residual = self.conv3(residual)
        skip = x if self.shortcut is None else self.shortcut(x)
        return F.relu(residual + skip)


class ResNet(Backbone):
    """Four stages ``res2`` .. ``res5`` at strides 4, 8, 16 and 32."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(config.stem_channels)
        width, d = config.bottleneck_channels, config.depths
        c2, c3, c4, c5 = (config.out_channels << level for level in range(4))
        self.res2 = _stage(config.stem_channels, width, c2, d[0], stride=1)
        self.res3 = _stage(c2, 2 * width, c3, d[1], stride=2)
        self.res4 = _stage(c3, 4 * width, c4, d[2], stride=2)
        self.res5 = _stage(c4, 8 * width, c5, d[3], stride=2)
        self.spec = FeatureSpec(channels=(c2, c3, c4, c5))

    def forward(self, images: Tensor) -> FeatureMaps:
        """Images [N, 3, H, W] to res2, res3, res4, res5."""
        res2 = self.res2(self.stem(images))
        res3 = self.res3(res2)
        res4 = self.res4(res3)
        return res2, res3, res4, self.res5(res4)


def _stage(inputs: int, width: int, outputs: int, depth: int, stride: int) -> nn.Sequential:
    blocks = [Bottleneck(inputs, width, outputs, stride)]
    blocks += [Bottleneck(outputs, width, outputs, 1) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)
