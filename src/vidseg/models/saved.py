"""Models of any kind on disk, told apart by their configuration."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from .any_model import VideoModel, VideoModelConfig, build_model, config_from_dict
from .files.pretrained import Weights, load_pretrained
from .mask2former import Mask2Former, Mask2FormerConfig

Model = VideoModel | Mask2Former
ModelConfig = VideoModelConfig | Mask2FormerConfig


def read_saved(name: str | Path) -> tuple[ModelConfig, Weights]:
    """Configuration and weights of a folder or hub id. Raises ModelError."""
    values, weights = load_pretrained(name)
    fixed = values.get("kind") == "mask2former"
    read = Mask2FormerConfig.from_dict if fixed else config_from_dict
    try:
        return read(values), weights
    except ModelError as error:
        raise ModelError(f"{weights.config_file}: {error}") from error


def load_saved(name: str | Path) -> Model:
    """The model of a folder or hub id, in evaluation mode. Raises ModelError."""
    config, weights = read_saved(name)
    model = build(config)
    weights.load_into(model)
    return model.eval()


def build(config: ModelConfig) -> Model:
    """A model with random weights."""
    return Mask2Former(config) if isinstance(config, Mask2FormerConfig) else build_model(config)
