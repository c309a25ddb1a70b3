"""The tiny model of the reference numbers, and its inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from vidseg.models.decoder.tensors import FrameFeatures
from vidseg.models.files.checkpoints.origin import recognise
from vidseg.models.files.checkpoints.reading import Checkpoint
from vidseg.models.files.checkpoints.univs import translate
from vidseg.models.presets import debug
from vidseg.models.published_weights import Opened, build_published
from vidseg.models.univs.model import UniVS

Golden = Callable[[str], dict[str, Tensor]]


def golden_model(golden: Golden) -> UniVS:
    """Built by the converter of published weights from the tensors alone."""
    weights = golden("tiny_weights")
    translation = translate(weights)
    checkpoint = Checkpoint(Path("tiny_weights"), weights)
    model, filling = build_published(Opened(checkpoint, recognise(weights), translation))
    assert not filling.untrained and not filling.homeless and not translation.unknown
    assert list(translation.unused) == ["sem_seg_head.predictor.reid_temp.weight"]
    assert model.config == debug()
    return model


def golden_images(golden: Golden) -> Tensor:
    """[6, 3, 96, 128] normalised."""
    config = debug()
    mean, std = (torch.tensor(x).view(3, 1, 1) for x in (config.pixel_mean, config.pixel_std))
    return (golden("inputs")["images_uint8"].float() - mean) / std


def golden_features(golden: Golden, frames: slice) -> FrameFeatures:
    """Reference features of the pixel decoder, so that decoder tests start from equal numbers."""
    pixel = golden("pixel")
    levels = tuple(pixel[f"pix_ms_{i}_stride{s}"] for i, s in enumerate((32, 16, 8)))
    return FrameFeatures(levels, pixel["mask_features"])[frames]  # type: ignore[arg-type]


def class_embeddings(golden: Golden) -> Tensor:
    """[73, 64] concept rows that the reference class logits belong to."""
    concepts = golden("tiny_concept_emb")
    return concepts[next(name for name in concepts if "2203" in name)]
