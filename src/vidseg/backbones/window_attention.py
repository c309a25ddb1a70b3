"""Attention inside shifted windows with a relative position bias (Liu et al. 2021, eq. 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCKED = -100.0
"""Added to the logits of cells that only the cyclic shift has brought together."""


def relative_position_index(window: int) -> Tensor:
    """[window², window²] row of the bias table for each (query cell, key cell)."""
    axis = torch.arange(window)
    cells = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).flatten(1)
    offset = cells[:, :, None] - cells[:, None, :] + window - 1
    return offset[0] * (2 * window - 1) + offset[1]


def split_windows(x: Tensor, window: int) -> Tensor:
    """[N, H, W, C] to [N·windows, window², C], windows in row-major order."""
    n, h, w, c = x.shape
    grid = x.view(n, h // window, window, w // window, window, c)
    return grid.transpose(2, 3).reshape(-1, window * window, c)


def join_windows(windows: Tensor, window: int, h: int, w: int) -> Tensor:
    """Inverse of ``split_windows``: back to [N, H, W, C]."""
    c = windows.shape[-1]
    grid = windows.view(-1, h // window, w // window, window, window, c)
    return grid.transpose(2, 3).reshape(-1, h, w, c)


def shift_mask(h: int, w: int, window: int, like: Tensor) -> Tensor:
    """[windows, window², window²] logits offset that keeps wrapped-around regions apart."""
    shift = window // 2
    rows, columns = (_wrapped_region(size, window, shift, like) for size in (h, w))
    regions = (3 * rows[:, None] + columns[None, :]).view(1, h, w, 1)
    region = split_windows(regions, window).squeeze(-1)
    return (region[:, None, :] != region[:, :, None]).to(like.dtype) * BLOCKED


def _wrapped_region(size: int, window: int, shift: int, like: Tensor) -> Tensor:
    """0, 1, 2 along one axis: untouched windows, the last window's own part, the wrapped part."""
    cell = torch.arange(size, device=like.device)
    return (cell >= size - window).long() + (cell >= size - shift).long()


class WindowAttention(nn.Module):
    """Multi-head self-attention among the cells of one window."""

    relative_position_index: Tensor

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        table = torch.zeros((2 * window - 1) ** 2, heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        self.register_buffer("relative_position_index", relative_position_index(window))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, windows: Tensor, mask: Tensor | None) -> Tensor:
        """Windows [N·windows, cells, C] and an offset [windows, cells, cells] or None."""
        count, cells, channels = windows.shape
        qkv = self.qkv(windows).view(count, cells, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        index = self.relative_position_index.flatten()
        bias = self.relative_position_bias_table[index].view(cells, cells, self.heads)
        bias = bias.permute(2, 0, 1)[None]  # [1, heads, cells, cells]
        if mask is not None:
            bias = (bias + mask[:, None]).repeat(count // len(mask), 1, 1, 1)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        projected: Tensor = self.proj(mixed.transpose(1, 2).reshape(count, cells, channels))
        return projected
