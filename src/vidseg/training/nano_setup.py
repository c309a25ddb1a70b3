"""Settings, data, start and optimiser of the training of the default model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..backbones.efficientnet_lite import EfficientNetLite, imagenet_state
from ..datasets.coco_instances import CocoInstanceStills
from ..datasets.coco_panoptic import CocoPanopticStills
from ..datasets.collate import ClipBatch, collate_clips
from ..datasets.davis import MaskedVideos
from ..datasets.label_maps import LabelMapVideos
from ..datasets.mixture import CachedFrames, ClipBatches, Source
from ..models.presets import nano
from ..models.propagation import Propagation
from ..models.univs import UniVS
from ..nn.layers import channels_last

# About the length that the untrained projection gives to a query, so cosines start near -0.5.
_START_MARGIN = 4.0
FIRST_TRAINED_STAGE = 3
"""Backbone stages from stride 16 on are tuned; earlier ones keep their ImageNet weights."""


@dataclass(frozen=True, kw_only=True)
class NanoTraining:
    """Settings of a run.

    Attributes:
        minutes: the schedule runs over this much time, however many steps that makes.
        clips, frames, size: B clips of T square frames a step, in pixels; every other step has
            B T single frames instead.
        prompts: Q prompts per clip at most.
        tokens: R per visual prompt.
        learning_rate: of new parts.
        backbone_scale, propagation_scale: factors for the backbone's late stages and for the
            memory read-out, whose few weights start far from where they end.
        average: decay of the exponential moving average that is saved.
    """

    minutes: float = 38.0
    clips: int = 3
    frames: int = 4
    size: int = 224
    prompts: int = 3
    tokens: int = 32
    learning_rate: float = 3e-4
    backbone_scale: float = 0.1
    propagation_scale: float = 5.0
    weight_decay: float = 0.05
    clip_gradient: float = 1.0
    warmup: float = 0.02
    average: float = 0.995
    threads: int = 2
    seed: int = 0


def mixture(data: Path) -> list[Source]:
    """The training sets below one folder; never the development videos."""
    stills = CachedFrames(CocoPanopticStills(data / "voc-animals"))
    return [
        Source(dataset=stills, weight=0.55, donor=stills),
        Source(dataset=CachedFrames(CocoInstanceStills(data / "coco-mini")), weight=0.25),
        Source(dataset=CachedFrames(LabelMapVideos(data / "camvid" / "train")), weight=0.12),
        Source(dataset=CachedFrames(MaskedVideos(data / "video-extra")), weight=0.08, donor=stills),
    ]


def start_model(names: Tensor, earlier: Path | None) -> UniVS:
    """nano on ImageNet weights, or an earlier model before its calibration.

    Args:
        names: [K, D_t] embeddings of some category names; queries start as none of them.
        earlier: model folder to go on from.
    """
    model = UniVS(nano()) if earlier is None else UniVS.from_pretrained(earlier)
    assert isinstance(model.backbone, EfficientNetLite) and model.propagation is not None
    for parameter in model.backbone.parameters():
        parameter.requires_grad_(False)
    for stage in list(model.backbone.stages)[FIRST_TRAINED_STAGE:]:
        for parameter in stage.parameters():
            parameter.requires_grad_(True)
    with torch.no_grad():
        if earlier is not None:
            model.propagation.growth.zero_()
        else:
            model.backbone.load_state_dict(imagenet_state())
            bias = model.mask_decoder.heads.to_text.bias
            bias.copy_(-_START_MARGIN * nn.functional.normalize(names.mean(0), dim=0))
    return channels_last(model)


def optimiser(model: UniVS, settings: NanoTraining) -> torch.optim.AdamW:
    """AdamW with groups by learning rate and decay; norms, embeddings and biases do not decay."""
    scales = {"backbone": settings.backbone_scale, "propagation": settings.propagation_scale}
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            part = name.split(".")[0]
            # What is residual to label propagation must not be pulled away from it by decay.
            decays = (
                parameter.ndim > 1
                and part != "propagation"
                and "query_" not in name
                and "_embed" not in name
            )
            groups.setdefault((scales.get(part, 1.0), decays), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "scale": scale,
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (scale, decays), parameters in groups.items()
        ],
        lr=settings.learning_rate,
    )


def learning_rate(progress: float, settings: NanoTraining) -> float:
    """Linear warm-up, then a cosine down to a hundredth."""
    if progress < settings.warmup:
        return settings.learning_rate * progress / settings.warmup
    return settings.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def batches(settings: NanoTraining, data: Path) -> Iterator[ClipBatch]:
    """Endless batches, by turns of clips and of single frames; a worker prepares each kind."""
    shapes = ((settings.clips, settings.frames), (settings.clips * settings.frames, 1))
    loaders = [
        DataLoader(
            ClipBatches(mixture(data), count, frames, settings.size, settings.seed),
            batch_size=None,
            num_workers=1,
            prefetch_factor=6,
        )
        for count, frames in shapes
    ]
    for pair in zip(*loaders, strict=True):
        yield from map(collate_clips, pair)


# Chosen on real development video (DAVIS-2016 dev, mask prompts), after training.
_CALIBRATED_WEIGHTS = (2.0, 3.0, 1.5, 3.0)  # in the order of MapKind
_CALIBRATED_GROWTH = 1.2


def calibrate(propagation: Propagation) -> None:
    """Sets what stills in motion cannot teach: how far to trust memory where objects change."""
    with torch.no_grad():
        propagation.map_weight.bias.copy_(torch.tensor(_CALIBRATED_WEIGHTS))
        propagation.growth.fill_(_CALIBRATED_GROWTH)
