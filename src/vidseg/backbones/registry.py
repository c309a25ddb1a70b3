"""From the typed configuration of a backbone to its module."""

from __future__ import annotations

from ..errors import ModelError
from .efficientnet_lite import EfficientNetLite, EfficientNetLiteConfig
from .resnet import ResNet, ResNetConfig
from .spec import Backbone
from .swin import Swin, SwinConfig

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
