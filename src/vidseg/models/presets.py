"""Named model configurations.

The ``univs_*`` and ``mask2former_*`` ones have the shapes of published checkpoints.
"""

from __future__ import annotations

from ..backbones.efficientnet_lite import TENSORFLOW_NORMALIZATION, EfficientNetLiteConfig
from ..backbones.registry import BackboneConfig
from ..backbones.resnet import ResNetConfig
from ..backbones.swin import swin_base, swin_large, swin_tiny
from ..vocabularies import get_vocabulary
from .decoder.config import MaskDecoderConfig
from .gvseg.config import GvSegConfig, GvSegDecoderConfig
from .mask2former import Mask2FormerConfig
from .pixel.deformable import DeformablePixelDecoderConfig
from .pixel.light import LightPixelDecoderConfig
from .text.clip_text import ClipTextConfig
from .text.static_text import StaticTextConfig
from .univs.config import UniVSConfig
from .univs.propagation import PropagationConfig


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


def mask2former_r50() -> Mask2FormerConfig:
    """Mask2Former with ResNet-50, trained on COCO panoptic."""
    return _coco_panoptic(ResNetConfig())


def mask2former_swint() -> Mask2FormerConfig:
    """Mask2Former with Swin-T, trained on COCO panoptic."""
    return _coco_panoptic(swin_tiny())


def mask2former_swinb() -> Mask2FormerConfig:
    """Mask2Former with Swin-B (window 12), trained on COCO panoptic."""
    return _coco_panoptic(swin_base())


def mask2former_swinl() -> Mask2FormerConfig:
    """Mask2Former with Swin-L (window 12) and 200 queries, trained on COCO panoptic."""
    return _coco_panoptic(swin_large(), queries=200)


def gvseg_r50() -> GvSegConfig:
    """GvSeg with ResNet-50."""
    return _gvseg(ResNetConfig())


def gvseg_swinb() -> GvSegConfig:
    """GvSeg with Swin-B (window 12)."""
    return _gvseg(swin_base())


def gvseg_swinl() -> GvSegConfig:
    """GvSeg with Swin-L (window 12)."""
    return _gvseg(swin_large())


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


def gvseg_nano() -> GvSegConfig:
    """GvSeg of the default model's parts and size, so that it can start from its weights."""
    small = nano()
    return GvSegConfig(
        backbone=small.backbone,
        pixel_decoder=small.pixel_decoder,
        decoder=GvSegDecoderConfig(hidden=128, layers=3, ffn=512, queries=50),
        text=small.text,
        pixel_mean=small.pixel_mean,
        pixel_std=small.pixel_std,
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


def gvseg_debug() -> GvSegConfig:
    """A complete GvSeg under a million parameters, for tests."""
    small = debug()
    decoder = GvSegDecoderConfig(hidden=32, heads=4, layers=4, ffn=64, queries=12, text_dim=64)
    return GvSegConfig(
        backbone=small.backbone,
        pixel_decoder=small.pixel_decoder,
        decoder=decoder,
        grid=4,
        samples=8,
        classes=("cat", "grass", "sky"),
    )


def debug_mask2former() -> Mask2FormerConfig:
    """A complete Mask2Former under a million parameters, for tests."""
    classes = get_vocabulary("coco_panoptic")
    small = debug()
    assert isinstance(small.pixel_decoder, DeformablePixelDecoderConfig)
    return Mask2FormerConfig(
        backbone=small.backbone,
        pixel_decoder=small.pixel_decoder,
        names=classes.names,
        is_thing=classes.is_thing,
        heads=4,
        layers=4,
        ffn=64,
        queries=12,
    )


def _coco_panoptic(backbone: BackboneConfig, queries: int = 100) -> Mask2FormerConfig:
    classes = get_vocabulary("coco_panoptic")
    return Mask2FormerConfig(
        backbone=backbone, names=classes.names, is_thing=classes.is_thing, queries=queries
    )


def _published(backbone: BackboneConfig) -> UniVSConfig:
    return UniVSConfig(
        backbone=backbone,
        pixel_decoder=DeformablePixelDecoderConfig(),
        decoder=MaskDecoderConfig(),
        text=ClipTextConfig(truncation="published"),
    )


def _gvseg(backbone: BackboneConfig) -> GvSegConfig:
    return GvSegConfig(
        backbone=backbone,
        pixel_decoder=DeformablePixelDecoderConfig(),
        decoder=GvSegDecoderConfig(),
        text=StaticTextConfig(),
    )
