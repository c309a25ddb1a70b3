"""The pixel decoder of a configuration."""

from __future__ import annotations

from typing import TypeAlias

from ...backbones.spec import FeatureSpec
from ..config import DeformablePixelDecoderConfig, PixelDecoderConfig
from .deformable import DeformablePixelDecoder
from .light import LightPixelDecoder

PixelDecoder: TypeAlias = DeformablePixelDecoder | LightPixelDecoder


def build_pixel_decoder(config: PixelDecoderConfig, spec: FeatureSpec) -> PixelDecoder:
    """A decoder with random weights for the feature maps of a backbone."""
    if isinstance(config, DeformablePixelDecoderConfig):
        return DeformablePixelDecoder(config, spec)
    return LightPixelDecoder(config, spec)
