"""Unified video mask decoder: queries and prompts in, masks, classes and embeddings out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...nn.attention import Attention, AttentionBlock
from ...nn.layers import FeedForward
from ...nn.position import absolute_frame_angle, clip_frame_angle, grid_position, sine_embedding
from .attention import PromptCrossAttention, SeparatedSelfAttention
from .config import MaskDecoderConfig, Separation, TemporalEncoding
from .heads import MaskHeads, PredictionHeads
from .predictor import (
    Fuse,
    Predictor,
    Scene,
    attention_allowed,
    open_blocked_rows,
)
from .query_streams import PromptRule, QueryStream
from .tensors import DecoderOutput, FrameFeatures, Prediction, PromptQueries


class DecoderLayer(nn.Module):
    """ProCA, masked image cross-attention, separated self-attention, feed-forward."""

    def __init__(self, config: MaskDecoderConfig) -> None:
        super().__init__()
        C, heads = config.hidden, config.heads
        reads_prompts = config.proca and config.prompts_as_queries
        self.proca = PromptCrossAttention(C, heads) if reads_prompts else None
        self.image = AttentionBlock(C, heads)
        self.queries = SeparatedSelfAttention(C, heads)
        self.feed_forward = FeedForward(C, config.ffn)

    def read_prompt(self, stream: QueryStream) -> None:
        """Lets a prompt stream read its tokens; nothing for learnable queries."""
        prompts = stream.prompts
        if self.proca is None or prompts is None:
            return
        position = None if prompts.token_position is None else stream.position
        stream.content = self.proca.read(
            stream.content, position, prompts.tokens, prompts.token_position
        )

    def read_image(
        self, stream: QueryStream, level: Tensor, position: Tensor, allowed: Tensor
    ) -> None:
        """Each frame's queries read that frame; allowed [B T, 1, Q, h w]."""
        T = stream.content.shape[2]
        content, query = (
            x.transpose(1, 2).flatten(0, 1)
            for x in (stream.content, stream.content + stream.position)
        )
        out = self.image(content, query, level + position, level, allowed)
        stream.content = out.unflatten(0, (-1, T)).transpose(1, 2)


class MaskDecoder(nn.Module):
    """Two streams, learnable and prompt queries, through shared layers (UniVS §3.2).

    A stream never sees the other one unless the configuration says so, hence either can be left
    out without changing the other.
    """

    def __init__(self, config: MaskDecoderConfig, mask_dim: int, *, words: bool = True) -> None:
        """``words``: whether it has heads that compare queries with words."""
        super().__init__()
        self.config = config
        self.query_content = nn.Embedding(config.queries, config.hidden)
        self.query_position = nn.Embedding(config.queries, config.hidden)
        self.level_embed = nn.Embedding(3, config.hidden)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.heads: MaskHeads = (
            PredictionHeads(config.hidden, mask_dim, config.text_dim)
            if words
            else MaskHeads(config.hidden, mask_dim)
        )
        self.apply(initialise_as_released)

    def embed_levels(self, features: FrameFeatures) -> tuple[Tensor, Tensor, Tensor]:
        """Feature maps [N, C, h, w] with the level embedding added; prompts sample these too."""
        a, b, c = (
            level + embed[:, None, None]
            for level, embed in zip(features.levels, self.level_embed.weight, strict=True)
        )
        return a, b, c

    def frame_angle(
        self,
        frame_index: Tensor,
        slot: Tensor,
        clip_length: int,
        encoding: TemporalEncoding | None = None,
    ) -> Tensor:
        """Temporal coordinate in radians; ``encoding`` overrides the configured one."""
        if (encoding or self.config.temporal_encoding) == "clip":
            return clip_frame_angle(slot, clip_length)
        return absolute_frame_angle(frame_index)

    def cell_positions(self, size: tuple[int, int], angles: Tensor) -> Tensor:
        """Space-time position [N, h, w, C] of the cells of N frames with ``angles`` [N]."""
        C = self.config.hidden
        space = grid_position(*size, C, angles.device)
        return space + sine_embedding(angles, C)[:, None, None]

    def scene(
        self,
        features: FrameFeatures,
        frame_indices: Tensor,
        encoding: TemporalEncoding | None = None,
    ) -> Scene:
        """Prepares features of B T frames, video-major, with absolute indices [B, T]."""
        B, T = frame_indices.shape
        levels = self.embed_levels(features)
        slots = torch.arange(T, device=frame_indices.device).expand(B, T)
        angles = self.frame_angle(frame_indices, slots, T, encoding).flatten()
        sizes = tuple((level.shape[2], level.shape[3]) for level in levels)
        full = features.mask_features
        small = (F.interpolate(full, size=size, mode="bilinear") for size in sizes)
        return Scene(
            levels=tuple(level.flatten(2).transpose(1, 2) for level in levels),
            positions=tuple(
                self.cell_positions(size, angles).flatten(1, 2).to(full.dtype) for size in sizes
            ),
            sizes=sizes,
            mask_features=full.unflatten(0, (B, T)),
            small_mask_features=tuple(level.unflatten(0, (B, T)) for level in small),
        )

    def forward(
        self,
        features: FrameFeatures,
        frame_indices: Tensor,
        prompts: PromptQueries | None = None,
        class_embeddings: Tensor | None = None,
        *,
        learnable: bool = True,
        auxiliary: bool | None = None,
        separation: Separation | None = None,
        temporal_encoding: TemporalEncoding | None = None,
        grounding_average: bool | None = None,
        fuse: Fuse | None = None,
    ) -> DecoderOutput:
        """See :meth:`vidseg.models.univs.model.UniVS.decode`."""
        rule = PromptRule.of(self.config, prompts, separation, self.training, grounding_average)
        shuffle = self.training and self.config.shuffle_mask_embeddings
        predictor = Predictor(self.heads, rule, prompts, class_embeddings, fuse, shuffle)
        scene = self.scene(features, frame_indices, temporal_encoding)
        auxiliary = self.training if auxiliary is None else auxiliary
        own = asked = None
        if learnable or prompts is None or rule.needs_learnable:
            own = self._learnable_stream(frame_indices)
        if prompts is not None and not rule.answers:
            asked = self._prompt_stream(prompts)
        streams = [stream for stream in (own, asked) if stream is not None]
        predictions: list[Prediction] = []
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, DecoderLayer)
            at = i % len(scene.sizes)
            if auxiliary:
                masks, prediction = predictor.predict(streams, scene.mask_features)
                predictions.append(prediction)
            else:
                masks = predictor.level_masks(streams, scene, at)
            for stream, mask in zip(streams, masks, strict=True):
                if i > 0:
                    layer.read_prompt(stream)
                allowed = open_blocked_rows(attention_allowed(mask, scene.sizes[at]))
                layer.read_image(stream, scene.levels[at], scene.positions[at], allowed)
            layer.queries.exchange(own, asked, rule)
            for stream in streams:
                stream.content = layer.feed_forward(stream.content)
        _, final = predictor.predict(streams, scene.mask_features)
        return DecoderOutput(final, tuple(predictions))

    def _learnable_stream(self, frame_indices: Tensor) -> QueryStream:
        """Frames of one query start identical: queries have no temporal embedding."""
        B, T = frame_indices.shape
        content, position = (
            table.weight[None, :, None].expand(B, -1, T, -1)
            for table in (self.query_content, self.query_position)
        )
        return QueryStream(content, position)

    def _prompt_stream(self, prompts: PromptQueries) -> QueryStream:
        """The first ProCA comes before the first masks, and its result becomes the position."""
        position = prompts.query_position
        start = torch.zeros_like(prompts.query) if position is None else position
        stream = QueryStream(prompts.query, start, prompts)
        if len(self.layers) > 0:
            first = self.layers[0]
            assert isinstance(first, DecoderLayer)
            first.read_prompt(stream)
        stream.position = stream.content
        return stream


def initialise_as_released(module: nn.Module) -> None:
    """Linear maps N(0, 0.02) cut at ±2 with zero bias, attention input maps Xavier-uniform."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, Attention):
        nn.init.xavier_uniform_(module.in_proj_weight)
