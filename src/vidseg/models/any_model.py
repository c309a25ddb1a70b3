"""Models that know words and run on videos, told apart by the kind of their configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ModelError
from .config import UniVSConfig
from .files.pretrained import load_pretrained
from .gvseg.config import GvSegConfig
from .gvseg.model import GvSeg
from .univs.model import UniVS

VideoModel: TypeAlias = UniVS | GvSeg
VideoModelConfig: TypeAlias = UniVSConfig | GvSegConfig


def config_from_dict(values: Mapping[str, Any]) -> VideoModelConfig:
    """A configuration by its ``kind``, UniVS' without one. Raises ModelError."""
    if values.get("kind") == "gvseg":
        return GvSegConfig.from_dict(values)
    return UniVSConfig.from_dict(values)


def build_model(config: VideoModelConfig) -> VideoModel:
    """A model with random weights."""
    return GvSeg(config) if isinstance(config, GvSegConfig) else UniVS(config)


def load_model(name: str | Path) -> VideoModel:
    """The model of a folder or hub id, in evaluation mode. Raises ModelError."""
    values, weights = load_pretrained(name)
    try:
        config = config_from_dict(values)
    except ModelError as error:
        raise ModelError(f"{weights.config_file}: {error}") from error
    model = build_model(config)
    weights.load_into(model)
    return model.eval()


def model_name(model: VideoModel) -> str:
    """What people call its kind."""
    return "GvSeg" if isinstance(model, GvSeg) else "UniVS"
