"""Sine position embeddings of cells, points and frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_FULL_TURN = 2 * math.pi
FRAMES_PER_TURN = 128
"""Absolute frame indices are divided by this before they become an angle."""


def sine_embedding(angle: Tensor, dim: int) -> Tensor:
    """Embeds angles [...] in ``dim`` channels [..., dim]: even ones sine, odd ones cosine.

    Channel k has the wavelength 10000^(2 floor(k/2) / dim).
    """
    channel = torch.arange(dim, device=angle.device, dtype=torch.float32)
    wavelength = 10000 ** (2 * torch.div(channel, 2, rounding_mode="floor") / dim)
    phase = angle[..., None].to(torch.float32) / wavelength
    return torch.stack((phase[..., 0::2].sin(), phase[..., 1::2].cos()), dim=-1).flatten(-2)


def grid_position(height: int, width: int, dim: int, device: torch.device | None = None) -> Tensor:
    """Position embedding [h, w, dim] of grid cells: y in the first half, x in the second."""
    y = _cell_angles(height, device)
    x = _cell_angles(width, device)
    return torch.cat(
        (
            sine_embedding(y, dim // 2)[:, None].expand(height, width, dim // 2),
            sine_embedding(x, dim // 2)[None].expand(height, width, dim // 2),
        ),
        dim=-1,
    )


def point_position(xy: Tensor, dim: int) -> Tensor:
    """Position embedding [..., dim] of points (x, y) [..., 2] in 0..1 of the picture.

    It lies half to one cell beside :func:`grid_position`, which counts cells from 1; published
    weights were trained with this difference.
    """
    angle = xy * _FULL_TURN
    return torch.cat(
        (sine_embedding(angle[..., 1], dim // 2), sine_embedding(angle[..., 0], dim // 2)), dim=-1
    )


def absolute_frame_angle(frame_index: Tensor) -> Tensor:
    """Angle of a frame by its index in the video."""
    return frame_index.to(torch.float32) / FRAMES_PER_TURN * _FULL_TURN


def clip_frame_angle(slot: Tensor, clip_length: int) -> Tensor:
    """Angle of a frame by its place 0..clip_length-1 in the clip."""
    return (slot.to(torch.float32) + 1) / (clip_length + 1e-6) * _FULL_TURN


def _cell_angles(count: int, device: torch.device | None) -> Tensor:
    cells = torch.arange(1, count + 1, device=device, dtype=torch.float32)
    return cells / (count + 1e-6) * _FULL_TURN
