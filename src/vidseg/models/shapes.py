"""The configuration of a model, told from the shapes of its tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, get_args

from torch import Tensor

from ..backbones.registry import BackboneConfig
from ..backbones.resnet import ResNetConfig
from ..backbones.swin import SwinConfig
from ..errors import ModelError
from ..vocabularies import Vocabulary
from . import presets
from .decoder.config import MaskDecoderConfig
from .files.checkpoints.translation import count_layers
from .mask2former import Mask2FormerConfig
from .pixel.deformable import DeformablePixelDecoderConfig
from .text.clip_text import ClipTextConfig
from .univs.config import UniVSConfig

BackboneName = Literal["r50", "swint", "swinb", "swinl"]
_BACKBONES: tuple[BackboneName, ...] = get_args(BackboneName)
PUBLISHED = tuple(f"{kind}_{name}" for kind in ("univs", "mask2former") for name in _BACKBONES)
_LEVELS = 3
_POINTS = 4
"""Points that an attention head of the pixel decoder looks at, in every published model."""


def config_of(state: Mapping[str, Tensor]) -> UniVSConfig:
    """The model that tensors under our names belong to.

    What no tensor tells is as published: points of the deformable attention, the number of heads
    of the decoder (as that of the pixel decoder), the text encoder, and every part that the
    tensors leave out, such as the decoder beside a backbone alone.

    Raises:
        ModelError: the shapes belong to no model.
    """
    try:
        pixel = _pixel_decoder(state)
        decoder = _mask_decoder(state, pixel)
        published = ClipTextConfig(truncation="published")
        text = published if decoder.text_dim == published.dim else None
        return UniVSConfig(
            backbone=_backbone(state), pixel_decoder=pixel, decoder=decoder, text=text
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"its shapes belong to no model: {error} is missing or odd.") from error


def fixed_config_of(state: Mapping[str, Tensor], classes: Vocabulary) -> Mask2FormerConfig:
    """The Mask2Former that tensors under our names belong to; see :func:`config_of`.

    Raises ModelError for shapes that belong to no model.
    """
    try:
        pixel = _pixel_decoder(state)
        return Mask2FormerConfig(
            backbone=_backbone(state),
            pixel_decoder=pixel,
            names=classes.names,
            is_thing=classes.is_thing,
            heads=pixel.heads,
            layers=count_layers(state, "mask_decoder.layers."),
            ffn=len(state["mask_decoder.layers.0.feed_forward.expand.weight"]),
            queries=len(state["mask_decoder.query_content.weight"]),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"its shapes belong to no model: {error} is missing or odd.") from error


def preset_name(config: UniVSConfig | Mask2FormerConfig) -> str | None:
    """Name of the published model with this configuration, None where there is none."""
    return next((name for name in PUBLISHED if getattr(presets, name)() == config), None)


def backbone_name(backbone: BackboneConfig) -> BackboneName | None:
    """How published models call a backbone, such as "swint"; None for another."""
    known = (
        name for name in _BACKBONES if getattr(presets, f"univs_{name}")().backbone == backbone
    )
    return next(known, None)


def _backbone(state: Mapping[str, Tensor]) -> BackboneConfig:
    if "backbone.stem.conv1.weight" in state:
        stages = [count_layers(state, f"backbone.res{stage}.") for stage in (2, 3, 4, 5)]
        return ResNetConfig(
            stem_channels=len(state["backbone.stem.conv1.weight"]),
            bottleneck_channels=len(state["backbone.res2.0.conv1.weight"]),
            out_channels=len(state["backbone.res2.0.conv3.weight"]),
            depths=(stages[0], stages[1], stages[2], stages[3]),
        )
    depths, heads = [], []
    for stage in range(4):
        blocks = f"backbone.layers.{stage}.blocks."
        depths.append(count_layers(state, blocks))
        heads.append(state[f"{blocks}0.attn.relative_position_bias_table"].shape[1])
    first = "backbone.layers.0.blocks.0."
    table = state[first + "attn.relative_position_bias_table"]
    wide, narrow = state[first + "mlp.fc1.weight"].shape
    return SwinConfig(
        channels=len(state["backbone.patch_embed.proj.weight"]),
        depths=(depths[0], depths[1], depths[2], depths[3]),
        heads=(heads[0], heads[1], heads[2], heads[3]),
        window=(math.isqrt(len(table)) + 1) // 2,
        mlp_ratio=wide // narrow,
    )


def _pixel_decoder(state: Mapping[str, Tensor]) -> DeformablePixelDecoderConfig:
    if "pixel_decoder.mask_features.weight" not in state:
        return DeformablePixelDecoderConfig()
    mask_dim, hidden = state["pixel_decoder.mask_features.weight"].shape[:2]
    first = "pixel_decoder.layers.0."
    return DeformablePixelDecoderConfig(
        hidden=hidden,
        mask_dim=mask_dim,
        heads=len(state[first + "attention.weights.weight"]) // (_LEVELS * _POINTS),
        points=_POINTS,
        layers=count_layers(state, "pixel_decoder.layers."),
        ffn=len(state[first + "feed_forward.expand.weight"]),
    )


def _mask_decoder(
    state: Mapping[str, Tensor], pixel: DeformablePixelDecoderConfig
) -> MaskDecoderConfig:
    usual = MaskDecoderConfig(hidden=pixel.hidden, heads=pixel.heads)
    if "mask_decoder.query_content.weight" not in state:
        return usual
    to_text = state.get("mask_decoder.heads.to_text.weight")
    queries = len(state["mask_decoder.query_content.weight"])
    return MaskDecoderConfig(
        hidden=pixel.hidden,
        heads=pixel.heads,
        layers=count_layers(state, "mask_decoder.layers."),
        ffn=len(state["mask_decoder.layers.0.feed_forward.expand.weight"]),
        # Mask2Former of ResNet-50, Swin-T and Swin-B has 100, the model made of it has 200
        queries=queries if to_text is not None else max(queries, usual.queries),
        text_dim=usual.text_dim if to_text is None else len(to_text),
    )
