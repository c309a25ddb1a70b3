"""From the typed configuration of a backbone to its module."""

from __future__ import annotations

from vidseg.backbones.efficientnet_lite import EfficientNetLite, EfficientNetLiteConfig
from vidseg.backbones.resnet import ResNet, ResNetConfig
from vidseg.backbones.spec import Backbone
from vidseg.backbones.swin import Swin, SwinConfig
from vidseg.errors import ModelError

BackboneConfig = ResNetConfig | SwinConfig | EfficientNetLiteConfig


def build_backbone(config: BackboneConfig) -> Backbone:
    """The module that ``config`` describes, with random weights.

    Raises:
        ModelError: the configuration is of no known kind.
    """
    if isinstance(config, ResNetConfig):
        return ResNet(config)
    if isinstance(config, SwinConfig):
        return Swin(config)
    if isinstance(config, EfficientNetLiteConfig):
        return EfficientNetLite(config)
    raise ModelError(
        f"no backbone belongs to a configuration of type {type(config).__name__}; "
        "use ResNetConfig, SwinConfig or EfficientNetLiteConfig"
    )
