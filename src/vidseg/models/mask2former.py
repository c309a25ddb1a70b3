"""Mask2Former, the network that UniVS extends: pictures to masks of the classes of its training.

It takes no words and no prompts, and segments every frame on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from ..backbones.registry import BackboneConfig, build_backbone
from ..errors import ModelError, VocabularyError
from ..vocabularies import Vocabulary
from .decoder.config import MaskDecoderConfig
from .decoder.mask_decoder import MaskDecoder, initialise_as_released
from .decoder.tensors import FrameFeatures, Prediction
from .files.config_values import SavedConfig
from .files.pretrained import SavedModel
from .pixel.deformable import DeformablePixelDecoder, DeformablePixelDecoderConfig


@dataclass(frozen=True, kw_only=True)
class Mask2FormerConfig(SavedConfig):
    """Everything that is needed to build a :class:`Mask2Former`.

    Attributes:
        names: of the K classes, in the order of the classifier.
        is_thing: K flags, False for stuff.
        heads, layers, ffn, queries: of the transformer decoder; its width is the pixel decoder's.
        pixel_mean, pixel_std: normalisation of 0..255 RGB.
    """

    backbone: BackboneConfig
    pixel_decoder: DeformablePixelDecoderConfig = field(
        default_factory=DeformablePixelDecoderConfig
    )
    names: tuple[str, ...]
    is_thing: tuple[bool, ...]
    heads: int = 8
    layers: int = 9
    ffn: int = 2048
    queries: int = 100
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    def __post_init__(self) -> None:
        try:
            Vocabulary(self.names, self.is_thing)
        except VocabularyError as error:
            raise ModelError(f"names and is_thing are no list of classes: {error}") from error

    @property
    def classes(self) -> Vocabulary:
        """The K classes."""
        return Vocabulary(self.names, self.is_thing)

    @property
    def decoder(self) -> MaskDecoderConfig:
        """As UniVS' decoder, without its prompts."""
        return MaskDecoderConfig(
            hidden=self.pixel_decoder.hidden,
            heads=self.heads,
            layers=self.layers,
            ffn=self.ffn,
            queries=self.queries,
            proca=False,
        )


class Mask2Former(SavedModel):
    """Backbone, pixel decoder, queries and a linear classifier (Cheng et al., CVPR 2022)."""

    config_type = Mask2FormerConfig
    config: Mask2FormerConfig

    def __init__(self, config: Mask2FormerConfig) -> None:
        super().__init__(config)
        self.backbone = build_backbone(config.backbone)
        self.pixel_decoder = DeformablePixelDecoder(config.pixel_decoder, self.backbone.spec)
        self.mask_decoder = MaskDecoder(config.decoder, config.pixel_decoder.mask_dim, words=False)
        self.classifier = nn.Linear(config.pixel_decoder.hidden, len(config.names) + 1)
        initialise_as_released(self.classifier)

    def encode_frames(self, images: Tensor) -> FrameFeatures:
        """As :meth:`vidseg.models.univs.model.UniVS.encode_frames`: [N, 3, H, W] to features."""
        levels, mask_features = self.pixel_decoder(self.backbone(images))
        return FrameFeatures(levels, mask_features)

    def decode(self, features: FrameFeatures) -> Prediction:
        """Masks, classes and embeddings of all queries on N frames, each on its own.

        Returns:
            A prediction with B = N and T = 1. Its class logits are [N, Q, K + 1], for a softmax;
            the last column is that of no object.
        """
        device = features.mask_features.device
        # One frame's temporal position is the same for all keys, so that no query can notice it.
        indices = torch.zeros(len(features), 1, dtype=torch.long, device=device)
        final = self.mask_decoder.forward(features, indices, auxiliary=False).final
        logits: Tensor = self.classifier(final.embeddings[:, :, 0])
        return replace(final, class_logits=logits)
