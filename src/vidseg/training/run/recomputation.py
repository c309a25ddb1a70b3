"""Less memory or time for the same numbers: recomputed activations, compiled parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from ...backbones.efficientnet_lite import InvertedResidual
from ...backbones.resnet import Bottleneck
from ...backbones.swin import SwinBlock
from ...models.loading import VideoModel
from ...models.pixel.deformable import DeformableEncoderLayer
from ...nn.attention import AttentionBlock
from ...nn.layers import FeedForward

_RECOMPUTED = (
    Bottleneck,
    InvertedResidual,
    SwinBlock,
    DeformableEncoderLayer,
    AttentionBlock,
    FeedForward,
)
"""Blocks that hold nearly all activations; a block keeps its input alone."""


def recompute_activations(model: nn.Module) -> None:
    """Blocks of backbone, pixel decoder and mask decoder compute their inner values twice."""
    for child in model.children():
        if isinstance(child, _RECOMPUTED):
            child.forward = _recomputed(child.forward)  # type: ignore[method-assign]
        else:
            recompute_activations(child)


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*arguments, **named)
        return checkpoint(forward, *arguments, use_reentrant=False, **named)

    return run


def compile_parts(model: VideoModel) -> None:
    """Compiles what takes pictures to maps; the rest depends on the prompts of each batch."""
    model.backbone.compile()
    model.pixel_decoder.compile()
