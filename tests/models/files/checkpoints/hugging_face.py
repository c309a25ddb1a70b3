"""Mask2Former of transformers with random weights: the real topologies with few channels."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from .layouts import SWINS

transformers = pytest.importorskip("transformers", reason="pip install transformers")

BACKBONES = ("resnet50", "swin_t")
STAGES = ["stage1", "stage2", "stage3", "stage4"]
SMALL = {
    "feature_size": 32,
    "mask_feature_size": 32,
    "hidden_dim": 32,
    "encoder_feedforward_dim": 64,
    "encoder_layers": 2,
    "decoder_layers": 4,
    "num_attention_heads": 4,
    "dim_feedforward": 48,
}


def mask2former(backbone: str, labels: int = 5, queries: int = 7, seed: int = 0) -> Any:
    """In evaluation mode, with random numbers everywhere, statistics of norms included."""
    if backbone == "resnet50":
        inner = transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=[16, 32, 64, 128],
            depths=[3, 4, 6, 3],
            out_features=STAGES,
        )
    else:
        inner = transformers.SwinConfig(
            embed_dim=32,
            depths=[2, 2, 6, 2],
            num_heads=[1, 2, 4, 8],
            window_size=7,
            out_features=STAGES,
        )
    torch.manual_seed(seed)
    config = transformers.Mask2FormerConfig(
        backbone_config=inner, num_labels=labels, num_queries=queries, **SMALL
    )
    model = transformers.Mask2FormerForUniversalSegmentation(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            noise = torch.randn_like(value)
            value.copy_(0.1 * noise if value.ndim > 1 else value + 0.1 * noise)
        for name, value in model.named_buffers():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                value.normal_()
    return model


def full_size(backbone: str, queries: int) -> Any:
    """As published for COCO panoptic; for torch's meta device."""
    if backbone == "r50":
        inner = transformers.ResNetConfig(out_features=STAGES)
    else:
        channels, depths, heads, window = SWINS[f"univs_{backbone}"]
        inner = transformers.SwinConfig(
            embed_dim=channels,
            depths=list(depths),
            num_heads=list(heads),
            window_size=window,
            out_features=STAGES,
        )
    config = transformers.Mask2FormerConfig(
        backbone_config=inner, num_labels=133, num_queries=queries
    )
    return transformers.Mask2FormerForUniversalSegmentation(config)
