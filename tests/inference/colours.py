"""A model that recognises things by their colour alone: ideal, so that tests know the answer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidseg.models.decoder.tensors import (
    DecoderOutput,
    FrameFeatures,
    Prediction,
    PromptQueries,
    VisualTokens,
)
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.prompts.visual_sampler import KeyFrame, sample_tokens

RED, GREEN, BLUE, PINK = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.3, 0.3)
REACH = 0.5
"""Colours closer than this are taken for the same, the closer the surer."""


class ColourModel(nn.Module):
    """Offers the verbs of UniVS. Features are colours, tokens are colours, masks are what has them.

    The embedding of an object that is in sight is its colour, of one that is not the opposite.
    """

    propagation = None

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(()))
        self.config = SimpleNamespace(
            decoder=SimpleNamespace(hidden=4),
            pixel_mean=(0.0, 0.0, 0.0),
            pixel_std=(255.0, 255.0, 255.0),
        )
        self.encoded = 0

    def encode_frames(self, images: Tensor) -> FrameFeatures:
        self.encoded += len(images)
        colours = F.pad(images, (0, 0, 0, 0, 0, 1), value=1.0)  # black is not nothing
        a, b, c = (F.avg_pool2d(colours, s) for s in (32, 16, 8))
        return FrameFeatures((a, b, c), F.avg_pool2d(colours, 4))

    def encode_visual(
        self,
        features: FrameFeatures,
        frame_index: Tensor,
        regions: VisualRegions,
        *,
        tokens: int,
        random: torch.Generator,
        clip_slot: tuple[int, int],
        temporal_encoding: str | None = None,
    ) -> VisualTokens:
        content = features.levels[2][0]
        position = torch.zeros(*content.shape[1:], 4)
        frame = KeyFrame(content, position, torch.tensor(float(frame_index)))
        found = sample_tokens(frame, regions, tokens, random=random)
        return VisualTokens(found.content, torch.zeros_like(found.content))

    def visual_queries(
        self, tokens: Tensor, token_position: Tensor, slots: Tensor, slot_position: Tensor
    ) -> PromptQueries:
        used = slots.ne(0).any(-1, keepdim=True)
        query = (slots * used).sum(3) / used.sum(3).clamp(min=1)
        return PromptQueries("visual", query, slot_position.mean(3), tokens, token_position)

    def decode(
        self,
        features: FrameFeatures,
        frame_indices: Tensor,
        prompts: PromptQueries,
        class_embeddings: Tensor | None = None,
        *,
        learnable: bool = True,
        separation: str | None = None,
        temporal_encoding: str | None = None,
        grounding_average: bool | None = None,
    ) -> DecoderOutput:
        wanted = prompts.query[0]  # [Q, T, 4]
        shown = features.mask_features.flatten(2).transpose(1, 2)  # [T, hw, 4]
        gap = torch.cdist(wanted.transpose(0, 1), shown).transpose(0, 1)  # [Q, T, hw]
        unknown = (wanted == 0).all(-1, keepdim=True)
        logits = (20 * (REACH - gap)).masked_fill(unknown, -10)
        seen = (logits > 0).any(-1, keepdim=True)
        embeddings = torch.where(seen, wanted, -wanted)
        masks = logits.unflatten(2, features.mask_features.shape[-2:])
        return DecoderOutput(Prediction(masks[None], None, embeddings[None], 0))


def scene(*squares: tuple[tuple[float, float, float], int, int], size: int = 24) -> np.ndarray:
    """A grey picture of 64 x 96 with squares (colour, x, y of the corner)."""
    picture = np.full((64, 96, 3), 127, dtype=np.uint8)
    for colour, x, y in squares:
        picture[y : y + size, x : x + size] = (np.array(colour) * 255).astype(np.uint8)
    return picture


def square(x: int, y: int, size: int = 24) -> np.ndarray:
    """[64, 96] bool."""
    mask = np.zeros((64, 96), dtype=bool)
    mask[y : y + size, x : x + size] = True
    return mask
