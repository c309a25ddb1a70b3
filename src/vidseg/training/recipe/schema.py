"""What a training run is: one tree of frozen values, read from YAML by ``recipe/reading.py``.

Nothing here imports torch. ``recipe/checks.py`` checks ranges when a recipe is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .data import DataConfig
from .objective import ObjectiveConfig, Plain


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model that is trained.

    Attributes:
        preset: a function of ``models/presets.py``.
        overrides: values of its configuration to change, nested as in its ``to_dict``.
        classes: published list of the classes that a GvSeg model keeps prototypes of; None: those
            of the configuration.
        text_weights: CLIP or RegionCLIP file, for models that read text with CLIP; it is never
            trained. None for models with static embeddings or without text.
    """

    preset: str = "univs_r50"
    overrides: Plain = field(default_factory=dict)
    classes: str | None = None
    text_weights: str | None = None


@dataclass(frozen=True, kw_only=True)
class InitConfig:
    """Where weights come from.

    Attributes:
        start: ``none`` (random), ``imagenet`` (backbone only), the name of a model inside the
            package, or a path: the output folder of an earlier run, a model folder, or published
            weights (UniVS, Mask2Former, a backbone).
    """

    start: str = "none"


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig:
    """AdamW.

    Attributes:
        lr: of everything without a scale of its own.
        weight_decay: not applied to norms, embeddings, position tables and ``no_decay``.
        scales: factor on ``lr`` by beginning of the parameter's name; the longest one counts.
        freeze: beginnings of names that are not trained.
        no_decay: further beginnings of names without decay.
        clip_gradient: largest norm of the whole gradient; None for no limit.
    """

    lr: float = 1e-4
    weight_decay: float = 0.05
    scales: Mapping[str, float] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    no_decay: tuple[str, ...] = ()
    clip_gradient: float | None = 0.01


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """Length of the run and course of the learning rate.

    Attributes:
        iterations: optimiser steps.
        kind: ``steps``: times ``gamma`` at each of ``steps``; ``cosine``: down to ``final``.
        steps, gamma: see ``kind``.
        final: share of the learning rate that a cosine ends at.
        warmup: steps of linear growth from 0.
    """

    iterations: int
    kind: Literal["steps", "cosine"] = "steps"
    steps: tuple[int, ...] = ()
    gamma: float = 0.1
    final: float = 0.01
    warmup: int = 0


@dataclass(frozen=True, kw_only=True)
class EmaConfig:
    """Moving average of the weights. ``decay`` per optimiser step, None for no average."""

    decay: float | None = None


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How the loop runs.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of autocast.
        accumulate: parts that the clips of a step are split into, one after the other.
        activation_checkpointing: recompute activations in the backward pass.
        compile: torch.compile.
        sharding: ``none``: every process holds the whole model (DDP); ``fsdp``: FSDP2.
        seed: of weights, data and prompts.
        save_every, log_every: steps.
        evaluate_every: steps; 0 for never.
        draw_every: steps between logged pictures of answers; 0 for none.
        keep: checkpoints that stay, the newest ones; the best one is kept besides.
    """

    device: str = "auto"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    accumulate: int = 1
    activation_checkpointing: bool = False
    compile: bool = False
    sharding: Literal["none", "fsdp"] = "none"
    seed: int = 0
    save_every: int = 1000
    log_every: int = 20
    evaluate_every: int = 0
    draw_every: int = 0
    keep: int = 2


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """Labelled videos that progress is measured on. In YAML, a mapping by ``name``.

    Attributes:
        name: unique in the recipe; the figures are logged as ``name/figure``.
        kind: as of a source.
        folder: relative to ``data.root`` (or absolute).
        split: of that dataset; None where it has none.
        task: ``vos`` (masks of the first frame), ``pvos`` (the same of things and stuff, told apart
            by their classes), ``refvos`` (sentences), ``vis``, ``vss`` or ``vps``.
        short_side: frames are shrunk to this before they are segmented; None: as they are.
        held_out: share of the videos that a source with the same ``held_out`` never trains on,
            which alone is measured; 0: all videos.
        most_videos: largest number of videos, the first ones; None for all.
        most_frames: largest number of frames of a video, the first ones; None for all.
    """

    name: str
    kind: str
    folder: str
    split: str | None = None
    task: Literal["vos", "pvos", "refvos", "vis", "vss", "vps"] = "vos"
    short_side: int | None = None
    held_out: float = 0.0
    most_videos: int | None = None
    most_frames: int | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Periodic evaluation with the project's own metrics.

    Attributes:
        benchmarks: measured one after the other.
        settings: values of ``InferenceConfig`` to change, for all tasks.
        best: ``name/figure`` that decides which checkpoint is the best; None: the first figure.
    """

    benchmarks: tuple[BenchmarkConfig, ...] = ()
    settings: Plain = field(default_factory=dict)
    best: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoggingConfig:
    """TensorBoard files are always written. ``wandb``: project to log to as well, or None."""

    wandb: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training run."""

    model: ModelChoice = field(default_factory=ModelChoice)
    init: InitConfig = field(default_factory=InitConfig)
    data: DataConfig
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    schedule: ScheduleConfig
    ema: EmaConfig = field(default_factory=EmaConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)
