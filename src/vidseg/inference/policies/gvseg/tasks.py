"""Which policy runs a GvSeg, and what it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ....errors import ModelError, PromptError
from ....models.decoder.tensors import Prediction
from ....models.gvseg.model import GvSeg, QueryTask
from ....prompts import Prompt, Scribble
from ....types import Task
from ...clip import Categories, Clip
from ...config import InferenceConfig
from ...tracking.clip_association import describer, shapes_of
from ..base import TaskPolicy, check_finite
from ..category.policy import CategoryPolicy
from ..image import ImagePolicy
from ..semantic import SemanticPolicy
from .exemplars import ExemplarPolicy


class TaskPredictor:
    """Answers clips with the queries of a task (GvSeg §3.1, eq. 8 and 9)."""

    def __init__(self, model: GvSeg, task: QueryTask, categories: Categories) -> None:
        self._model = model
        self._task = task
        self._embeddings = categories.embeddings
        is_thing = torch.tensor(categories.is_thing, device=categories.embeddings.device)
        self._is_thing = is_thing
        asked = range(len(categories.names)) if task == "vss" else (~is_thing).nonzero()[:, 0]
        self._names = [categories.names[k] for k in asked] if task != "vis" else []

    def predict(self, clip: Clip) -> Prediction:
        """Answers of all queries, B = 1.

        In VPS a query of the grid can only be a thing and a query of a class only stuff.
        """
        T = len(clip)
        queries = self._model.task_queries(self._task, clip.features, T, self._names)
        out = check_finite(
            self._model.decode(clip.features, T, queries, self._embeddings).final, clip
        )
        if self._task != "vps" or self._model.config.initial == "learned":
            return out
        assert out.class_logits is not None
        things = len(queries) - len(self._names)
        grid = torch.arange(len(queries), device=self._is_thing.device) < things
        wrong = grid[:, None] != self._is_thing
        logits = out.class_logits.masked_fill(wrong, -torch.inf)
        return Prediction(out.mask_logits, logits, out.embeddings, out.learnable)


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
    if config.tracking.association == "prompts" or config.gvseg.embedding_momentum is None:
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
    predictor = TaskPredictor(model, kind, categories)  # type: ignore[arg-type]
    if still:
        return ImagePolicy(predictor, config, task, categories)
    if task is Task.VSS:
        return SemanticPolicy(predictor, config, categories)
    describe = describer(model.config.descriptor, model.config.decoder.hidden)
    shapes = shapes_of(describe, config.gvseg, categories.is_thing)
    return CategoryPolicy(predictor, config, task, categories, shapes=shapes)
