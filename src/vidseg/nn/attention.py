"""Multi-head attention and the post-norm residual block around it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Standard multi-head attention, batch first.

    The three input projections are one parameter, as in published checkpoints.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * hidden))
        self.out_proj = nn.Linear(hidden, hidden)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None = None
    ) -> Tensor:
        """query [N, Q, C], key and value [N, S, C] -> [N, Q, C].

        ``allowed`` is bool, broadcastable to [N, heads, Q, S]; True lets a query see a key.
        """
        width = query.shape[2] // self.heads
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (
            F.linear(x, w, b).view(*x.shape[:2], self.heads, width).transpose(1, 2)
            for x, w, b in zip((query, key, value), weights, biases, strict=True)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return out


class AttentionBlock(nn.Module):
    """LayerNorm(content + Attention(query, key, value))."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(hidden, heads)
        self.norm = nn.LayerNorm(hidden)

    def forward(
        self,
        content: Tensor,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        allowed: Tensor | None = None,
    ) -> Tensor:
        """content and query [N, Q, C], key and value [N, S, C] -> [N, Q, C]."""
        out: Tensor = self.norm(content + self.attention(query, key, value, allowed))
        return out
