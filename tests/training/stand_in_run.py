"""A tiny run of the engine, here or in processes of its own.

Settings are the length of the run, values of the recipe's engine, and what should go wrong.
Everything a sample holds depends on (step, sample) alone, as in the real stream.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidseg.backbones.resnet import ResNetConfig
from vidseg.datasets.batches.collate import ClipBatch, collate_clips
from vidseg.datasets.clips.schema import ClipSample
from vidseg.errors import VidsegError
from vidseg.models.decoder.config import MaskDecoderConfig
from vidseg.models.gvseg.config import GvSegConfig, GvSegDecoderConfig
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.pixel.light import LightPixelDecoderConfig
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS
from vidseg.training.engine import Parts, run
from vidseg.training.objectives.registry import build_objective
from vidseg.training.parallel.processes import mean_over_ranks, team
from vidseg.training.recipe.data import DataConfig
from vidseg.training.recipe.objective import (
    ContrastConfig,
    LossesConfig,
    ObjectiveConfig,
    TasksConfig,
)
from vidseg.training.recipe.schema import (
    EmaConfig,
    EngineConfig,
    OptimiserConfig,
    Recipe,
    ScheduleConfig,
)

from .drawn_clips import Letters

CLIPS, SIZE = 4, 64
Settings = Mapping[str, Any]


def tiny_config(queries: int = 3) -> UniVSConfig:
    return UniVSConfig(
        backbone=ResNetConfig(
            stem_channels=4, bottleneck_channels=4, out_channels=8, depths=(1, 1, 1, 1)
        ),
        pixel_decoder=LightPixelDecoderConfig(hidden=32, mask_dim=32),
        decoder=MaskDecoderConfig(
            hidden=32, heads=2, layers=1, ffn=32, queries=queries, text_dim=8
        ),
    )


def tiny_gvseg() -> GvSegConfig:
    plain = tiny_config()
    decoder = GvSegDecoderConfig(hidden=32, heads=2, layers=2, ffn=32, queries=6, text_dim=8)
    return GvSegConfig(
        backbone=plain.backbone,
        pixel_decoder=plain.pixel_decoder,
        decoder=decoder,
        grid=4,
        samples=4,
        classes=("square",),
    )


def tiny_model(queries: int = 3) -> UniVS:
    return UniVS(tiny_config(queries)).train()


def sample(step: int, number: int, frames: int = 1) -> ClipSample:
    """A bright square on noise; sample ``number`` shows ``number + 1`` regions of it."""
    rng = np.random.default_rng((step, number))
    images = rng.integers(0, 128, (frames, 3, SIZE, SIZE), dtype=np.uint8)
    masks = np.zeros((number + 1, frames, SIZE, SIZE), dtype=bool)
    for row in range(number + 1):
        x, y = rng.integers(0, SIZE - 16, 2)
        masks[row, :, y : y + 16, x : x + 16] = True
        images[:, :, y : y + 16, x : x + 16] = 255
    regions = number + 1
    return ClipSample(
        images=torch.from_numpy(images),
        masks=torch.from_numpy(masks),
        labels=torch.zeros(regions, dtype=torch.int64),
        ids=torch.arange(regions),
        is_thing=torch.ones(regions, dtype=torch.bool),
        is_group=torch.zeros(regions, dtype=torch.bool),
        vocabulary=("square",),
        frame_indices=torch.arange(frames),
        dataset="drawn",
        video=f"s{step}n{number}",
    )


class SquareObjective:
    """Learnable queries answer the union of the squares.

    Normalised by the number of regions over all processes; with ``noise`` also random.
    """

    def __init__(self, settings: Settings) -> None:
        self._noise = float(settings.get("noise", 0.0))
        self._nan_video = settings.get("nan_video")

    def __call__(
        self, model: UniVS, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        images = batch.images.flatten(0, 1).float() / 255
        output = model.decode(model.encode_frames(images), batch.frame_indices)
        truth = torch.stack([s.masks.any(0) for s in batch.samples]).float()
        wanted = F.avg_pool2d(truth, 4)[:, None].expand_as(output.final.mask_logits)
        parts = F.binary_cross_entropy_with_logits(
            output.final.mask_logits, wanted, reduction="none"
        )
        weights = torch.tensor([float(len(s)) for s in batch.samples])
        count = mean_over_ranks(weights.sum())
        loss = (parts.flatten(1).mean(1) * weights).sum() / count
        loss = loss * (1 + self._noise * (rng.random() + torch.rand(()) + np.random.rand()))
        if any(s.video == self._nan_video for s in batch.samples):
            loss = loss * float("nan")
        return {"mask": loss.detach(), "total": loss}


def stream(settings: Settings, rank: int, world: int, start: int) -> Iterator[ClipBatch]:
    step = start
    own = range(rank * CLIPS // world, (rank + 1) * CLIPS // world)
    while True:
        if settings.get("dies") == [rank, step]:
            os.kill(os.getpid(), signal.SIGKILL)
        if settings.get("fails") == [rank, step]:
            raise VidsegError("The disk of this rank is gone.")
        time.sleep(float(settings.get("pause", 0.0)))
        yield collate_clips([sample(step, i, settings.get("frames", 1)) for i in own])
        step += 1


def stand_in_recipe(settings: Settings) -> Recipe:
    return Recipe(
        data=DataConfig(clips=CLIPS, size=SIZE),
        schedule=ScheduleConfig(iterations=settings["steps"], kind="cosine", warmup=3),
        optimiser=OptimiserConfig(
            lr=1e-3, clip_gradient=1.0, weight_decay=settings.get("weight_decay", 0.05)
        ),
        ema=EmaConfig(decay=settings.get("decay", 0.9)),
        engine=EngineConfig(device="cpu", log_every=1, **settings.get("engine", {})),
    )


def stand_in_parts(settings: Settings, rank: int = 0, world: int = 1) -> Parts:
    if "gvseg" in settings:
        return gvseg_parts(settings, rank, world)
    return Parts(
        model=tiny_model,
        objective=lambda model: SquareObjective(settings),
        stream=lambda start: stream(settings, rank, world, start),
    )


def gvseg_parts(settings: Settings, rank: int, world: int) -> Parts:
    """GvSeg on clips of one frame; ``gvseg`` is its task."""
    objective = ObjectiveConfig(
        kind="gvseg",
        clip_frames=1,
        losses=LossesConfig(
            preset="light",
            overrides={"points": 64, "match_points": 32, "reid": 0.5, "reid_aux": 0.5},
        ),
        tasks=TasksConfig(only={"drawn": (settings["gvseg"],)}),
        contrast=ContrastConfig(queue=20),
    )
    return Parts(
        model=lambda: GvSeg(tiny_gvseg()).train(),
        objective=lambda model: build_objective(objective, model, Letters()),
        stream=lambda start: stream(settings, rank, world, start),
    )


def start(
    out: Path, settings: Settings, variables: Mapping[str, str] | None = None
) -> ForkServerProcess:
    """A run in a process of its own, whose errors go to ``OUT.errors``, one line each.

    It is forked from a server that has imported everything, which saves seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "torch._dynamo"])  # which FSDP needs
    process = context.Process(target=_run_alone, args=(out, settings, dict(variables or {})))
    process.start()
    return process


def _run_alone(out: Path, settings: Settings, variables: Mapping[str, str]) -> None:
    os.environ.update(variables)
    torch.set_num_threads(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    try:
        with team("cpu") as crew:
            parts = stand_in_parts(settings, crew.rank, crew.world)
            run(stand_in_recipe(settings), parts, out, crew, resume=settings.get("resume", False))
    except VidsegError as error:
        with out.with_suffix(".errors").open("a", encoding="utf-8") as file:
            file.write(f"{error}\n")
        sys.exit(2)
