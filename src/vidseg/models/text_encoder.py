"""Text encoders by configuration: CLIP's tower (published) and static embeddings (default)."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from .clip_text import ClipTextConfig, ClipTextEncoder, read_clip_text
from .static_text import StaticTextConfig, StaticTextEncoder
from .text_features import SentenceFeatures, TextEncoder

__all__ = [
    "ClipTextConfig",
    "ClipTextEncoder",
    "SentenceFeatures",
    "StaticTextConfig",
    "StaticTextEncoder",
    "TextEncoder",
    "build_text_encoder",
]


def build_text_encoder(
    config: ClipTextConfig | StaticTextConfig, weights: str | Path | None = None
) -> TextEncoder:
    """The encoder that ``config`` describes.

    Args:
        config: of either kind.
        weights: file of CLIP weights; static embeddings need none.

    Raises:
        ModelError: CLIP without weights, or a package that is missing.
    """
    if isinstance(config, StaticTextConfig):
        return StaticTextEncoder(config)
    if weights is None:
        raise ModelError(
            "The CLIP text encoder needs its weights; give the path of a CLIP or RegionCLIP file."
        )
    return ClipTextEncoder(read_clip_text(weights, config))
