"""The typed tensors that flow between the verbs of a model: features, prompts, answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

PromptKind = Literal["visual", "category", "expression"]


@dataclass(frozen=True, eq=False)
class FrameFeatures:
    """What the image encoder knows of N frames. Nothing here depends on other frames.

    Attributes:
        levels: pixel-decoder maps [N, C, H/s, W/s] of strides s = 32, 16, 8, in this order.
        mask_features: [N, C, H/4, W/4].
        affinity: [N, D, H/8, W/8] unit-length keys of the memory read-out, None without one.
    """

    levels: tuple[Tensor, Tensor, Tensor]
    mask_features: Tensor
    affinity: Tensor | None = None

    def __len__(self) -> int:
        return int(self.mask_features.shape[0])

    def __getitem__(self, frames: slice) -> FrameFeatures:
        a, b, c = (level[frames] for level in self.levels)
        affinity = None if self.affinity is None else self.affinity[frames]
        return FrameFeatures((a, b, c), self.mask_features[frames], affinity)

    @staticmethod
    def cat(parts: Sequence[FrameFeatures]) -> FrameFeatures:
        """Joins along the frame axis."""
        a, b, c = (torch.cat([p.levels[i] for p in parts]) for i in range(3))
        keys = [p.affinity for p in parts if p.affinity is not None]
        return FrameFeatures(
            (a, b, c),
            torch.cat([p.mask_features for p in parts]),
            torch.cat(keys) if keys else None,
        )


@dataclass(frozen=True, eq=False)
class VisualTokens:
    """R tokens sampled for each of Q prompts on one key frame (UniVS Eq. 1).

    Attributes:
        content: [Q, R, C] sampled features; zero rows for prompts that are not usable.
        position: [Q, R, C] their position embeddings.
    """

    content: Tensor
    position: Tensor


@dataclass(frozen=True, eq=False)
class PromptQueries:
    """Prompts in the form that the mask decoder takes.

    Attributes:
        kind: where they came from.
        query: [B, Q, T, C] initial prompt queries.
        query_position: [B, Q, T, C], None for text.
        tokens: [B, Q, L, T, C] keys and values of ProCA.
        token_position: [B, Q, L, T, C], None for text.
        maps: [B, Q, T, M, H/8, W/8] soft maps read from the pixel memory, None without one.
    """

    kind: PromptKind
    query: Tensor
    query_position: Tensor | None
    tokens: Tensor
    token_position: Tensor | None
    maps: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """Output of the heads after one decoder layer. Learnable queries come first, then prompts.

    Attributes:
        mask_logits: [B, Q, T, H/4, W/4].
        class_logits: [B, Q, K] scaled cosine logits, one column per given class embedding;
            None when no class embeddings were given.
        embeddings: [B, Q, T, C] normalised decoder output ("ReID" embedding).
        learnable: how many of the Q queries are learnable.
    """

    mask_logits: Tensor
    class_logits: Tensor | None
    embeddings: Tensor
    learnable: int


@dataclass(frozen=True, eq=False)
class DecoderOutput:
    """Predictions 0..layers; ``final`` is the last, ``auxiliary`` the ones before it."""

    final: Prediction
    auxiliary: tuple[Prediction, ...] = ()
