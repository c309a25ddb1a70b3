"""Prediction heads, shared by all decoder layers and both kinds of query."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...nn.layers import MLP


class MaskHeads(nn.Module):
    """Embedding and mask of a query, as in Mask2Former.

    The embedding used for association is the normalised decoder output itself.
    """

    def __init__(self, hidden: int, mask_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.mask_embedding = MLP(hidden, mask_dim)

    def embed(self, content: Tensor) -> Tensor:
        """Decoder output [B, Q, T, C] -> embeddings of the same shape."""
        out: Tensor = self.norm(content)
        return out

    def mask_logits(
        self, embeddings: Tensor, mask_features: Tensor, time_order: Tensor | None = None
    ) -> Tensor:
        """embeddings [B, Q, T, C], mask_features [B, T, C_mask, h, w] -> [B, Q, T, h, w].

        ``time_order`` [T] permutes the mask embeddings over time (training only).
        """
        masks = self.mask_embedding(embeddings)
        if time_order is not None:
            masks = masks[:, :, time_order]
        return torch.einsum("bqtc,btchw->bqthw", masks, mask_features)


class PredictionHeads(MaskHeads):
    """Embedding, mask and class of a query, classes being words (UniVS §3.2)."""

    def __init__(self, hidden: int, mask_dim: int, text_dim: int) -> None:
        super().__init__(hidden, mask_dim)
        self.to_text = nn.Linear(hidden, text_dim)
        # CLIP's start: logits are cosines times 1 / 0.07.
        self.class_temperature = nn.Parameter(torch.full((1, 1), math.log(1 / 0.07)))

    def class_logits(self, embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scaled cosine [B, Q, K], mean over time; class_embeddings [K, D_t] or [B, K, D_t]."""
        vision = F.normalize(self.to_text(embeddings), dim=-1).mean(2)
        classes = F.normalize(class_embeddings.detach(), dim=-1)
        return vision @ classes.transpose(-1, -2) * self.class_temperature.exp()

    def sentence_logits(self, embeddings: Tensor, sentences: Tensor) -> Tensor:
        """Plain dot product [B, Q, K] with sentence features [K, D_t] or [B, K, D_t].

        In training it is divided by C, as released.
        """
        logits: Tensor = self.to_text(embeddings).mean(2) @ sentences.transpose(-1, -2)
        return logits / embeddings.shape[-1] if self.training else logits


def time_mean_cosine(a: Tensor, b: Tensor) -> Tensor:
    """a [B, Q, T, C], b [B, P, T, C] -> [B, Q, P]: cosine frame by frame, mean over time."""
    T = a.shape[2]
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    return a.flatten(2) @ b.flatten(2).transpose(1, 2) / T
