"""A training clip through the model: features of its frames, prompt queries, predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries
from ...models.loading import VideoModel
from ...models.prompts.regions import VisualRegions
from ...models.univs.model import UniVS
from ...models.univs.propagation import MapKind
from ..losses.output_streams import join_streams, prompts_only
from ..prompts.simulation import SimulatedPrompts


@dataclass(frozen=True, eq=False)
class TokenPool:
    """Visual tokens of the Q prompts of B clips.

    Attributes:
        content, position: [B, Q, L, C].
    """

    content: Tensor
    position: Tensor

    @staticmethod
    def cat(parts: Sequence[TokenPool]) -> TokenPool:
        """One after the other along L."""
        return TokenPool(
            torch.cat([p.content for p in parts], dim=2),
            torch.cat([p.position for p in parts], dim=2),
        )


def device_of(model: VideoModel) -> torch.device:
    """Where the model computes."""
    return model.mask_decoder.level_embed.weight.device


def normalised(model: VideoModel, images: Tensor) -> Tensor:
    """uint8 RGB [B, T, 3, H, W] as the backbone takes it, [B T, 3, H, W] on the model's device."""
    device = device_of(model)
    mean, std = (
        torch.tensor(values, device=device)[:, None, None]
        for values in (model.config.pixel_mean, model.config.pixel_std)
    )
    pixels = images.flatten(0, 1).to(device, non_blocking=True).float()
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def visual_tokens(
    model: UniVS,
    features: FrameFeatures,
    indices: Tensor,
    regions: Sequence[VisualRegions],
    keys: Sequence[int],
    tokens: int,
) -> TokenPool:
    """R = ``tokens`` of the prompts of B clips, each on one key frame (UniVS Eq. 1).

    Args:
        features: of B T frames, video-major; indices: [B, T] their times.
        regions, keys: per clip, where prompts lie and the frame that they lie on.
    """
    T = indices.shape[1]
    parts = [
        model.encode_visual(
            features[slice(b * T + key, b * T + key + 1)],
            indices[b, key],
            region,
            tokens=tokens,
            clip_slot=(key, T),
        )
        for b, (region, key) in enumerate(zip(regions, keys, strict=True))
    ]
    return TokenPool(
        torch.stack([p.content for p in parts]), torch.stack([p.position for p in parts])
    )


def prompt_queries(
    model: UniVS,
    features: FrameFeatures,
    prompts: SimulatedPrompts,
    own: TokenPool | None,
    memory: TokenPool | None = None,
) -> PromptQueries:
    """Queries for all T frames of B clips.

    Every frame of a clip starts from the same tokens (UniVS §3.2).

    Args:
        own: tokens of visual prompts on their key frame; None for text.
        memory: tokens from earlier clips, which prompts read before their own ones. Beside text
            they lose their position, for text has none.
    """
    T = prompts.truth.shape[2]
    if prompts.words is not None:
        kind: Literal["category", "expression"] = (
            "category" if prompts.kind == "category" else "expression"
        )
        queries = model.text_queries(features, prompts.words, kind)
        if memory is not None:
            stored = memory.content[:, :, :, None].expand(-1, -1, -1, T, -1)
            queries = replace(queries, tokens=torch.cat([stored, queries.tokens], dim=2))
    else:
        assert own is not None
        pool = own if memory is None else TokenPool.cat((memory, own))
        queries = model.visual_queries(
            pool.content[:, :, :, None],
            pool.position[:, :, :, None],
            own.content[:, :, None].expand(-1, -1, T, -1, -1),
            own.position[:, :, None].expand(-1, -1, T, -1, -1),
        )
    return replace(queries, maps=_maps(model, prompts))


def decode_clip(
    model: UniVS,
    features: FrameFeatures,
    indices: Tensor,
    queries: PromptQueries | None,
    classes: Tensor | None,
) -> DecoderOutput:
    """All predictions of learnable queries, and of prompt queries if there are any.

    Beside expressions the decoder scores sentences, not classes, so that learnable queries then
    need a run of their own for their classes.
    """
    if queries is None or queries.kind != "expression" or classes is None:
        return model.decode(features, indices, queries, classes, auxiliary=True)
    learnable = model.decode(features, indices, None, classes, auxiliary=True)
    asked = model.decode(features, indices, queries, None, learnable=False, auxiliary=True)
    return join_streams(learnable, prompts_only(asked))


def _maps(model: UniVS, prompts: SimulatedPrompts) -> Tensor | None:
    """What was drawn, on its key frame, for models with a pixel memory; they remember nothing."""
    if model.propagation is None:
        return None
    B, Q, h, w = prompts.drawn.shape
    T = prompts.truth.shape[2]
    maps = prompts.drawn.new_zeros(B, Q, T, len(MapKind), h, w)
    for b, key in enumerate(prompts.keys):
        maps[b, :, key, MapKind.PROMPT] = prompts.drawn[b]
    return maps
