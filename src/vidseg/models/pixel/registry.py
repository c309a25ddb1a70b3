"""From the typed configuration of a pixel decoder to its module."""

from __future__ import annotations

from typing import TypeAlias

from ...backbones.spec import FeatureSpec
from .deformable import DeformablePixelDecoder, DeformablePixelDecoderConfig
from .light import LightPixelDecoder, LightPixelDecoderConfig

PixelDecoderConfig: TypeAlias = DeformablePixelDecoderConfig | LightPixelDecoderConfig
PixelDecoder: TypeAlias = DeformablePixelDecoder | LightPixelDecoder


def build_pixel_decoder(config: PixelDecoderConfig, spec: FeatureSpec) -> PixelDecoder:
    """A decoder with random weights for the feature maps of a backbone."""
    if isinstance(config, DeformablePixelDecoderConfig):
        return DeformablePixelDecoder(config, spec)
    return LightPixelDecoder(config, spec)
