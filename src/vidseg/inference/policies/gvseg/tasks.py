"""Which policy runs a GvSeg, and what it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterable

from ....errors import ModelError, PromptError
from ....models.gvseg.model import GvSeg
from ....prompts import Prompt, Scribble
from ....types import Task
from ...config import InferenceConfig
from ...tracking.clip_association import describer, shapes_of
from ..base import Categories, TaskPolicy
from ..category.policy import CategoryPolicy
from ..image import ImagePolicy
from ..semantic import SemanticPolicy
from .decoder import TaskDecoder
from .exemplars import ExemplarPolicy


def check_task(task: Task) -> None:
    """Raises ModelError for a task that GvSeg has no queries for."""
    if task in (Task.PVOS, Task.REFVOS):
        raise ModelError(
            f"GvSeg models segment by vis, vss, vps and vos; task {task.value} needs a UniVS model "
            f"such as nano."
        )


def check_config(config: InferenceConfig) -> None:
    """Raises ModelError for settings that were made for prompt queries, in every task.

    Those of :func:`vidseg.inference.config.default` are: they would run a GvSeg frame by frame.
    Clips of one frame may be asked for all the same (``clip_length``).
    """
    if config.association == "prompts" or config.embedding_momentum is None:
        raise ModelError(
            "These settings are for a UniVS: a GvSeg has no prompt queries and remembers by an "
            "embedding_momentum; begin with its own, as in "
            'segmenter.config("vis").override({...}).'
        )


def check_prompts(prompts: Iterable[Prompt]) -> None:
    """Raises PromptError for a scribble, which GvSeg has no exemplars of."""
    for prompt in prompts:
        if isinstance(prompt, Scribble):
            raise PromptError(
                f"Object {prompt.object_id}: GvSeg models follow masks, boxes and points; "
                f"scribbles need a UniVS model such as nano."
            )


def gvseg_policy(
    model: GvSeg,
    config: InferenceConfig,
    task: Task,
    categories: Categories | None,
    *,
    still: bool,
) -> TaskPolicy:
    """The policy of a task that passed :func:`check_task`."""
    if categories is None:
        return ExemplarPolicy(model, config)
    kind = {Task.VIS: "vis", Task.VSS: "vss", Task.VPS: "vps"}[task]
    decoder = TaskDecoder(model, kind, categories)  # type: ignore[arg-type]
    if still:
        return ImagePolicy(decoder, config, task, categories)
    if task is Task.VSS:
        return SemanticPolicy(decoder, config, categories)
    describe = describer(model.config.descriptor, model.config.decoder.hidden)
    shapes = shapes_of(describe, config, categories.is_thing)
    return CategoryPolicy(decoder, config, task, categories, shapes)
