"""Named model configurations. The ``univs_*`` ones have the shapes of published checkpoints."""

from __future__ import annotations

from ..backbones.efficientnet_lite import TENSORFLOW_NORMALIZATION, EfficientNetLiteConfig
from ..backbones.registry import BackboneConfig
from ..backbones.resnet import ResNetConfig
from ..backbones.swin import swin_base, swin_large, swin_tiny
from .clip_text import ClipTextConfig
from .config import (
    DeformablePixelDecoderConfig,
    LightPixelDecoderConfig,
    MaskDecoderConfig,
    UniVSConfig,
)
from .propagation import PropagationConfig
from .static_text import StaticTextConfig


def univs_r50() -> UniVSConfig:
    """UniVS with ResNet-50: 47.07 M parameters and buffers."""
    return _published(ResNetConfig())


def univs_swint() -> UniVSConfig:
    """UniVS with Swin-T."""
    return _published(swin_tiny())


def univs_swinb() -> UniVSConfig:
    """UniVS with Swin-B (window 12)."""
    return _published(swin_base())


def univs_swinl() -> UniVSConfig:
    """UniVS with Swin-L (window 12)."""
    return _published(swin_large())


def nano() -> UniVSConfig:
    """The default model: 4 M parameters, frame by frame, with the pixel-level memory read-out.

    Positions do not encode the time, so that a stream may be of any length.
    """
    return UniVSConfig(
        backbone=EfficientNetLiteConfig(),
        pixel_decoder=LightPixelDecoderConfig(hidden=128, mask_dim=128),
        decoder=MaskDecoderConfig(
            hidden=128,
            layers=3,
            ffn=512,
            queries=50,
            text_dim=256,
            temporal_encoding="clip",
            grounding_average=False,
        ),
        text=StaticTextConfig(),
        propagation=PropagationConfig(doubt=(0.65, 0.85)),
        pixel_mean=TENSORFLOW_NORMALIZATION.mean,
        pixel_std=TENSORFLOW_NORMALIZATION.std,
    )


def debug() -> UniVSConfig:
    """A complete UniVS under a million parameters, for tests; random weights, useless answers."""
    return UniVSConfig(
        backbone=ResNetConfig(stem_channels=8, bottleneck_channels=4, out_channels=16),
        pixel_decoder=DeformablePixelDecoderConfig(
            hidden=32, mask_dim=32, heads=4, layers=2, ffn=1024
        ),
        decoder=MaskDecoderConfig(hidden=32, heads=4, layers=4, ffn=64, queries=12, text_dim=64),
    )


def _published(backbone: BackboneConfig) -> UniVSConfig:
    return UniVSConfig(
        backbone=backbone,
        pixel_decoder=DeformablePixelDecoderConfig(),
        decoder=MaskDecoderConfig(),
        text=ClipTextConfig(truncation="published"),
    )
