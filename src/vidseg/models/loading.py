"""Models of any kind: what they are, how they are built and how they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias, overload

from .files.config_values import SavedConfig
from .files.pretrained import Weights, load_configured
from .gvseg.config import GvSegConfig
from .gvseg.model import GvSeg
from .mask2former import Mask2Former, Mask2FormerConfig
from .univs.config import UniVSConfig
from .univs.model import UniVS

VideoModel: TypeAlias = UniVS | GvSeg
"""Models that know words and see clips, which training can train."""
VideoModelConfig: TypeAlias = UniVSConfig | GvSegConfig
Model: TypeAlias = VideoModel | Mask2Former
ModelConfig: TypeAlias = VideoModelConfig | Mask2FormerConfig


@overload
def build_model(config: VideoModelConfig) -> VideoModel: ...
@overload
def build_model(config: Mask2FormerConfig) -> Mask2Former: ...
def build_model(config: ModelConfig) -> Model:
    """A model with random weights."""
    if isinstance(config, UniVSConfig):
        return UniVS(config)
    return GvSeg(config) if isinstance(config, GvSegConfig) else Mask2Former(config)


def load_model(name: str | Path) -> Model:
    """The model of a folder or hub id, in evaluation mode. Raises ModelError."""
    config, weights = load_config(name)
    return weights.model(lambda: build_model(config)).eval()


def load_config(name: str | Path) -> tuple[ModelConfig, Weights]:
    """Configuration and weights of a folder or hub id. Raises ModelError."""
    config, weights = load_configured(name, SavedConfig)
    assert isinstance(config, ModelConfig)
    return config, weights
