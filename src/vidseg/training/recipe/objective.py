"""The part of a recipe that says what a step computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PromptForm = Literal["mask", "box", "point", "scribble", "category", "expression"]
GvSegTask = Literal["evs", "vis", "vss", "vps"]
Plain = Mapping[str, Any]
"""Nested plain values whose keys belong to another configuration; checked against that."""


@dataclass(frozen=True, kw_only=True)
class LossesConfig:
    """The loss.

    Attributes:
        preset: ``released``, ``paper`` or ``light``: functions of ``training/losses/config.py``.
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
        asked: False leaves prompts out, so that learnable queries alone are trained, as in a
            Mask2Former (``clips``).
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

    asked: bool = True
    shares: PromptShares = field(default_factory=lambda: PromptShares(mask=1.0))
    single_shares: PromptShares | None = None
    only: Mapping[str, tuple[PromptForm, ...]] = field(default_factory=dict)
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
            changed by less than ``tau`` (GvSeg Eq. 10); ``frame``: the neighbouring clips.
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
    """Prompts, tasks and losses of a step.

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
