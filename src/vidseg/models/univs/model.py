"""UniVS: one network for every video-segmentation task, offered as verbs.

It holds no state of any video: the caller keeps features, tokens and memory.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ...backbones.registry import build_backbone
from ...backbones.spec import FeatureMaps
from ..decoder.config import Separation, TemporalEncoding
from ..decoder.mask_decoder import MaskDecoder
from ..decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries, VisualTokens
from ..files.pretrained import SavedModel
from ..pixel.registry import PixelDecoder, build_pixel_decoder
from ..prompts.regions import VisualRegions
from ..prompts.visual_sampler import KeyFrame, Randomness, sample_tokens
from .config import UniVSConfig
from .prompt_encoder import PromptEncoder
from .propagation import Propagation


class UniVS(SavedModel):
    """Image encoder, prompt encoder and unified mask decoder (Li et al., CVPR 2024)."""

    config_type = UniVSConfig
    config: UniVSConfig

    def __init__(self, config: UniVSConfig) -> None:
        super().__init__(config)
        self.backbone = build_backbone(config.backbone)
        spec = self.backbone.spec
        self.pixel_decoder: PixelDecoder = build_pixel_decoder(config.pixel_decoder, spec)
        self.prompt_encoder = PromptEncoder(config.decoder)
        self.mask_decoder = MaskDecoder(config.decoder, config.pixel_decoder.mask_dim)
        self.propagation: Propagation | None = None
        if config.propagation is not None:
            key_sources = (spec.channels[1], spec.channels[2])
            self.propagation = Propagation(config.propagation, key_sources, config.decoder.hidden)

    def encode_frames(self, images: Tensor) -> FrameFeatures:
        """Features of N frames, each on its own.

        Args:
            images: [N, 3, H, W] normalised with the configured mean and deviation, then padded
                with zeros on the right and at the bottom to multiples of 32.
        """
        return self.encode_maps(self.backbone(images))

    def encode_maps(self, maps: FeatureMaps) -> FrameFeatures:
        """The part of :meth:`encode_frames` after the backbone: maps of strides 4, 8, 16, 32."""
        levels, mask_features = self.pixel_decoder(maps)
        affinity = None if self.propagation is None else self.propagation.keys(maps[1], maps[2])
        return FrameFeatures(levels, mask_features, affinity)

    def encode_visual(
        self,
        features: FrameFeatures,
        frame_index: int | Tensor,
        regions: VisualRegions,
        *,
        tokens: int,
        random: Randomness = None,
        clip_slot: tuple[int, int] = (0, 1),
        temporal_encoding: TemporalEncoding | None = None,
    ) -> VisualTokens:
        """R tokens for each of Q visual prompts on one key frame (UniVS Eq. 1, no gradient).

        Args:
            features: of the key frame alone.
            frame_index: its absolute index in the video.
            regions: where the prompts lie.
            tokens: R.
            random: generator that chooses among more than R cells; not used with fewer.
            clip_slot: (place of the frame in the clip, clip length), looked at only with the
                temporal encoding ``clip``.
            temporal_encoding: overrides the configured one.
        """
        device = features.mask_features.device
        content = self.mask_decoder.embed_levels(features)[2][0].detach()
        angle = self.mask_decoder.frame_angle(
            torch.as_tensor(frame_index, device=device).reshape(()),
            torch.tensor(clip_slot[0], device=device),
            clip_slot[1],
            temporal_encoding,
        )
        size = (content.shape[1], content.shape[2])
        position = self.mask_decoder.cell_positions(size, angle[None])[0].to(content.dtype)
        frame = KeyFrame(content, position, angle)
        return sample_tokens(frame, regions, tokens, random=random, training=self.training)

    def visual_queries(
        self, tokens: Tensor, token_position: Tensor, slots: Tensor, slot_position: Tensor
    ) -> PromptQueries:
        """Prompt queries from visual tokens.

        Args:
            tokens, token_position: [B, Q, L, T, C] for ProCA, or [B, Q, L, 1, C] when all frames
                of the clip read the same tokens, which is faster and gives the same.
            slots, slot_position: [B, Q, T, R, C], the tokens of each frame's own slot; their
                mean (zero tokens not counted) is the initial query.
        """
        return self.prompt_encoder.visual_queries(tokens, token_position, slots, slot_position)

    def text_queries(
        self,
        features: FrameFeatures,
        words: Tensor,
        kind: Literal["category", "expression"],
    ) -> PromptQueries:
        """Prompt queries from text features, after Lang2Img (UniVS Eq. 2).

        Args:
            features: of B T frames, video-major.
            words: [B, Q, L, D_t]. ``category``: one token per name (L = 1). ``expression``: the
                sentence first, then its words; the sentence becomes the initial query.
        """
        levels = self.mask_decoder.embed_levels(features)
        return self.prompt_encoder.text_queries(levels, words, kind)

    def decode(
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
    ) -> DecoderOutput:
        """Masks, classes and embeddings of learnable queries, then of prompt queries.

        Args:
            features: of B T frames, video-major.
            frame_indices: [B, T] absolute indices in the video.
            prompts: with B clips of T frames; None for learnable queries only.
            class_embeddings: [K, D_t] or [B, K, D_t]; None: no class logits. With expressions
                they are sentence features and the logits plain dot products, as released.
            learnable: False leaves learnable queries out, which changes nothing for the prompts
                and saves time; ignored where prompts depend on them (see PromptRule).
            auxiliary: whether to give the predictions before the last; default: in training.
            separation: overrides the configured one, and holds for expressions as well, which
                otherwise never see each other.
            temporal_encoding, grounding_average: override the configured ones.
        """
        return self.mask_decoder.forward(
            features,
            frame_indices,
            prompts,
            class_embeddings,
            learnable=learnable,
            auxiliary=auxiliary,
            separation=separation,
            temporal_encoding=temporal_encoding,
            grounding_average=grounding_average,
            fuse=None if self.propagation is None else self.propagation.fuse,
        )
