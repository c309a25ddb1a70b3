"""Prompt encoder: tokens and initial queries of visual prompts, names and sentences."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...nn.attention import AttentionBlock
from ..decoder.config import MaskDecoderConfig
from ..decoder.mask_decoder import initialise_as_released
from ..decoder.tensors import PromptQueries
from ..prompts.regions import VisualRegions

__all__ = ["PromptEncoder", "VisualRegions"]


class PromptEncoder(nn.Module):
    """Initial queries from visual tokens, and tokens from text (Lang2Img, UniVS Eq. 2)."""

    def __init__(self, config: MaskDecoderConfig) -> None:
        super().__init__()
        C = config.hidden
        self.text_norm = nn.LayerNorm(config.text_dim)
        self.text_projection = nn.Linear(config.text_dim, C)
        self.text_to_image = AttentionBlock(C, config.heads)
        self.visual_task = nn.Embedding(1, C)
        self.category_task = nn.Embedding(1, C)
        self.expression_task = nn.Embedding(1, C)
        self.apply(initialise_as_released)

    def visual_queries(
        self, tokens: Tensor, token_position: Tensor, slots: Tensor, slot_position: Tensor
    ) -> PromptQueries:
        """See :meth:`vidseg.models.univs.model.UniVS.visual_queries`."""
        mean = _mean_of_nonzero(slots)
        position = _mean_of_nonzero(slot_position)
        if self.training and float(torch.rand(())) < 0.5:
            position = mean  # as released: the content serves as position half of the time
        return PromptQueries(
            "visual", mean + self.visual_task.weight, position, tokens, token_position
        )

    def text_queries(
        self,
        levels: tuple[Tensor, Tensor, Tensor],
        words: Tensor,
        kind: Literal["category", "expression"],
    ) -> PromptQueries:
        """Text tokens read each frame, without positions; tokens do not see each other.

        Args:
            levels: three maps [B T, C, h, w] with the level embedding.
            words: [B, Q, L, D_t]; the first of the L tokens becomes the query.
        """
        B, Q, L, _ = words.shape
        image = torch.cat([level.flatten(2).transpose(1, 2) for level in levels], dim=1)
        T = len(image) // B
        text = self.text_projection(self.text_norm(words)).flatten(1, 2)
        text = text.repeat_interleave(T, dim=0)  # [B T, Q L, C]
        tokens = self.text_to_image(text, text, image, image)
        tokens = tokens.reshape(B, T, Q, L, image.shape[-1])
        tokens = tokens.permute(0, 2, 3, 1, 4)  # [B, Q, L, T, C]
        task = self.category_task if kind == "category" else self.expression_task
        return PromptQueries(kind, tokens[:, :, 0] + task.weight, None, tokens, None)


def _mean_of_nonzero(tokens: Tensor) -> Tensor:
    """[B, Q, T, R, C] -> [B, Q, T, C]: mean over the tokens that are not all zero."""
    used = tokens.ne(0).any(-1).sum(-1, keepdim=True).clamp(min=1)
    return tokens.sum(-2) / used
