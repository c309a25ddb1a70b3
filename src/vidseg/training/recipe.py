"""What a training run is: one tree of frozen values, read from YAML by ``recipe_reading``.

Nothing here imports torch. Ranges are checked by ``recipe_checks`` when a recipe is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PromptKind = Literal["mask", "box", "point", "scribble", "category", "expression"]
GvSegTask = Literal["evs", "vis", "vss", "vps"]
Plain = Mapping[str, Any]
"""Nested plain values whose keys belong to another configuration; checked against that."""


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
class SourceConfig:
    """One dataset of the mixture. In YAML, sources are a mapping by ``name``.

    Attributes:
        name: unique in the recipe; the ``dataset`` of its clips and of log lines.
        kind: what reads it: a name of ``datasets/sources/registry.py``, or a plain layout
            (``coco_panoptic_stills``, ``coco_instance_stills``, ``label_map_videos``,
            ``masked_videos``). The source's own name unless said otherwise.
        folder: relative to ``data.root`` (or absolute).
        split: of that dataset; None where it has none.
        weight: relative probability that a batch comes from here.
        held_out: share of the videos that is never trained on, chosen by name.
        frame_range: real clips take their frames within this many frames of a reference frame;
            None: evenly spaced frames, at most ``longest_step`` apart.
        longest_step: largest distance of neighbouring frames where ``frame_range`` is None.
        as_still: probability that a video gives one frame with pseudo motion.
        donor: name of the source that pasted objects are cut from; None for no pasting.
        vocabulary: list that classes are supervised over: a name of ``vocabularies.py``, ``own``
            (the dataset's own classes), ``none``, or ``auto``: the published list of the kind,
            none where its releases are trained without classes, own for plain layouts.
        only_described: objects that no sentence is about are left out.
        least_side: stills whose long side is below this many pixels are left out.
        repeat_threshold: stills with classes that fewer than this share of the stills show are
            drawn more often (repeat factor sampling of LVIS); None for all alike.
    """

    name: str
    kind: str
    folder: str
    split: str | None = None
    weight: float = 1.0
    held_out: float = 0.0
    frame_range: int | None = None
    longest_step: int = 3
    as_still: float = 0.0
    donor: str | None = None
    vocabulary: str = "auto"
    only_described: bool = False
    least_side: int = 0
    repeat_threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How clips are changed, the same way for picture and masks.

    Attributes:
        preset: ``lsj``: large-scale jittering, then crop and padding to ``size`` × ``size``;
            ``short_side``: the short side becomes one of ``short_sides``; ``view``: a square crop
            of ``size`` that moves smoothly over stills (the small models).
        flip: probability of mirroring a clip.
        rotation: largest turn in degrees, smooth over the clip (``lsj``, ``short_side``).
        scale: range of the scale relative to ``size`` (``lsj``), or of the crop's side relative
            to the short side of the picture (``view``).
        independent_scale: draw the scale anew for each frame of a clip (``lsj``).
        short_sides, long_side: lengths in pixels (``short_side``).
        colour: strength of the colour jitter, 0 for none.
        paste: probability that objects of a source's donor are pasted into a clip.
        most_pasted: largest number of pasted objects.
        smallest_area: regions below this many pixels in every frame are dropped.
    """

    preset: Literal["lsj", "short_side", "view"] = "lsj"
    flip: float = 0.5
    rotation: float = 15.0
    scale: tuple[float, float] = (0.25, 4.0)
    independent_scale: bool = True
    short_sides: tuple[int, ...] = (512, 544, 576, 608, 640, 672, 704, 736, 768, 800)
    long_side: int = 1333
    colour: float = 0.0
    paste: float = 0.0
    most_pasted: int = 2
    smallest_area: int = 1


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What a step sees.

    Attributes:
        root: folder that the folders of sources and benchmarks are relative to.
        sources: the mixture; every batch comes from one of them.
        clips: clips of one optimiser step, over all processes and accumulated parts.
        frames: T of a clip.
        size: side of the square pictures in pixels, a multiple of 32.
        single_frames: share of the steps with ``clips * frames`` single frames instead of clips.
        most_objects: regions of a clip at most, the first ones; None for all.
        augmentation: see there.
        workers: loading processes of each training process; 0 loads in the process itself.
        corrupt_limit: unreadable samples that a run survives; each is reported once, with its
            file, and replaced by another one.
    """

    root: str = "datasets"
    sources: tuple[SourceConfig, ...] = ()
    clips: int = 8
    frames: int = 1
    size: int = 1024
    single_frames: float = 0.0
    most_objects: int | None = None
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    workers: int = 4
    corrupt_limit: int = 20


@dataclass(frozen=True, kw_only=True)
class LossesConfig:
    """The loss.

    Attributes:
        preset: ``released``, ``paper`` or ``light``: functions of ``training/loss_config.py``.
        overrides: values of that ``LossConfig`` to change.
    """

    preset: Literal["released", "paper", "light"] = "released"
    overrides: Plain = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PromptShares:
    """How often a batch is prompted in each way. Relative; what a batch lacks falls away."""

    mask: float = 0.0
    box: float = 0.0
    point: float = 0.0
    scribble: float = 0.0
    category: float = 0.0
    expression: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PromptsConfig:
    """Simulated prompts.

    Attributes:
        shares: of the kinds, for clips.
        single_shares: of the kinds, for single frames; None: as ``shares``.
        only: kinds that a source may be prompted with, by its name; sources that are not named
            may have all.
        most: Q prompts per clip at most.
        tokens: R per visual prompt.
        predicted: share of the long videos whose later clips are prompted with the masks that the
            model found on the clip before, as in inference, and not with true ones
            (``long_video``).
    """

    shares: PromptShares = field(default_factory=lambda: PromptShares(mask=1.0))
    single_shares: PromptShares | None = None
    only: Mapping[str, tuple[PromptKind, ...]] = field(default_factory=dict)
    most: int = 20
    tokens: int = 32
    predicted: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TaskShares:
    """How often a batch is asked each task. Relative; what a batch cannot be asked falls away."""

    evs: float = 1.0
    vis: float = 1.0
    vss: float = 1.0
    vps: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TasksConfig:
    """Tasks of ``gvseg``.

    Attributes:
        shares: of the tasks.
        only: tasks that a source may be asked, by its name; sources not named may be asked all.
    """

    shares: TaskShares = field(default_factory=TaskShares)
    only: Mapping[str, tuple[GvSegTask, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ContrastConfig:
    """Temporal contrastive learning of ``gvseg`` (GvSeg §3.1 and Tables 4b, 4e).

    Attributes:
        things: samples of things: ``video``: all other clips, positive where the descriptor
            changed by less than ``tau`` (eq. 10); ``frame``: the neighbouring clips.
        stuff: samples of stuff, and of all classes of VSS: ``dataset``: queues of each class over
            the training set; ``frame``: the neighbouring clips.
        tau: τ.
        queue: N_Q, embeddings that the queue of a class holds.
    """

    things: Literal["video", "frame"] = "video"
    stuff: Literal["dataset", "frame"] = "dataset"
    tau: float = 0.2
    queue: int = 100


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """What the model is asked, and what answers cost.

    Attributes:
        kind: ``clips`` (stages 1 and 2): a clip at once; ``long_video`` (stage 3): overlapping
            clips with a memory of prompts; ``stream``: frame by frame with the pixel memory;
            ``gvseg``: one of four tasks on all clips of a video.
        clip_frames: T of the clips of a long video, which overlap but for ``gvseg``.
        detect_every: learnable queries are supervised in every n-th step (``stream``).
        tasks, contrast: of ``gvseg``.
        prototype_momentum: share of a class prototype that a step keeps (``gvseg``).
        losses, prompts: see there.
    """

    kind: Literal["clips", "long_video", "stream", "gvseg"] = "clips"
    clip_frames: int = 5
    detect_every: int = 1
    tasks: TasksConfig = field(default_factory=TasksConfig)
    contrast: ContrastConfig = field(default_factory=ContrastConfig)
    prototype_momentum: float = 0.999
    losses: LossesConfig = field(default_factory=LossesConfig)
    prompts: PromptsConfig = field(default_factory=PromptsConfig)


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
        task: ``vos`` (masks of the first frame), ``vis``, ``vss`` or ``vps``.
        short_side: frames are shrunk to this before they are segmented; None: as they are.
        most_videos: the first so many; None for all.
        most_frames: of a video, the first so many; None for all.
    """

    name: str
    kind: str
    folder: str
    split: str | None = None
    task: Literal["vos", "vis", "vss", "vps"] = "vos"
    short_side: int | None = None
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
