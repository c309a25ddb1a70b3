"""Text encoders by configuration: CLIP's tower (published) and static embeddings (default)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ...errors import ModelError
from ..files.registry import get_known
from .clip_text import ClipTextConfig, ClipTextEncoder, read_clip_text
from .features import SentenceFeatures, TextEncoder, move
from .static_text import StaticTextConfig, StaticTextEncoder

__all__ = [
    "ClipTextConfig",
    "ClipTextEncoder",
    "LazyTextEncoder",
    "SentenceFeatures",
    "StaticTextConfig",
    "StaticTextEncoder",
    "TextEncoder",
    "build_text_encoder",
]

TextConfig: TypeAlias = ClipTextConfig | StaticTextConfig

PUBLISHED_TEXT = ("regionclip_rn50x4", "clip_rn50x4")
"""Text towers that UniVS takes, that of its release first."""


def build_text_encoder(config: TextConfig, weights: str | Path | None = None) -> TextEncoder:
    """The encoder that ``config`` describes.

    Args:
        config: of either kind.
        weights: file of CLIP weights; without one, those of ``vidseg weights download`` are taken
            if they are there and of this shape. Static embeddings need none.

    Raises:
        ModelError: CLIP without weights, or a package that is missing.
    """
    if isinstance(config, StaticTextConfig):
        return StaticTextEncoder(config)
    weights = weights or _downloaded_weights(config)
    if weights is None:
        raise ModelError(
            "The CLIP text encoder needs its weights; fetch them with vidseg weights download "
            "clip_rn50x4, put some beside the model with vidseg weights convert CLIP-FILE "
            "MODEL-FOLDER, or give their path as text_weights."
        )
    return ClipTextEncoder(read_clip_text(weights, config))


def _downloaded_weights(config: ClipTextConfig) -> Path | None:
    """Weights of RN50x4 in the cache, for a tower of that shape."""
    if replace(config, truncation="keep_end") != ClipTextConfig():
        return None
    cached = (get_known(name).cached for name in PUBLISHED_TEXT)
    return next((path for path in cached if path is not None), None)


class LazyTextEncoder:
    """What :func:`build_text_encoder` gives, built when it is first asked.

    Its questions raise as that function does.
    """

    def __init__(self, config: TextConfig, weights: str | Path | None = None) -> None:
        self._config, self._weights = config, weights
        self._encoder: TextEncoder | None = None
        self._device: torch.device | None = None

    def to(self, device: torch.device) -> LazyTextEncoder:
        """The same encoder; a text tower runs on this device."""
        self._device = device
        if self._encoder is not None:
            move(self._encoder, device)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: without what was built, which is built anew."""
        return {**self.__dict__, "_encoder": None}

    @property
    def dim(self) -> int:
        """D_t."""
        if isinstance(self._config, ClipTextConfig):
            return self._config.dim
        return self._built().dim

    def encode_names(self, names: Sequence[str]) -> Tensor:
        """[K, D_t]."""
        return self._built().encode_names(names)

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """As the encoder gives them."""
        return self._built().encode_sentences(texts)

    def _built(self) -> TextEncoder:
        if self._encoder is None:
            self._encoder = build_text_encoder(self._config, self._weights)
            if self._device is not None:
                move(self._encoder, self._device)
        return self._encoder
