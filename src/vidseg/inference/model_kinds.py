"""What inference must know of each kind of model, in one table: a new kind is one more row.

The rows differ in where their settings begin, what they can be asked, and which policy answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ..errors import ModelError, VocabularyError
from ..models.gvseg.model import GvSeg
from ..models.gvseg.shape_position import DescriptorConfig
from ..models.loading import Model
from ..models.mask2former import Mask2Former
from ..models.text.encoder import TextEncoder
from ..models.univs.model import UniVS
from ..prompts import Prompt
from ..types import Task
from ..vocabularies import Vocabulary
from .clip import Categories
from .config import CLIP_WISE, InferenceConfig
from .memory.prompt_memory import PromptMemory
from .policies.base import TaskPolicy, UniVSPredictor
from .policies.category.policy import CategoryPolicy
from .policies.fixed.policy import fixed_class_policy, wanted_classes
from .policies.gvseg.tasks import check_config, check_prompts, check_task, gvseg_policy
from .policies.image import ImagePolicy
from .policies.prompted.policy import PromptedPolicy
from .policies.referring import ReferringPolicy
from .policies.semantic import SemanticPolicy
from .tracking.clip_association import describer, shapes_of

if TYPE_CHECKING:
    from ..models.text.encoder import TextConfig


@dataclass(frozen=True)
class Question:
    """What a session is to answer.

    Attributes:
        task, config: of the session.
        asked: the classes that the user named; None for none.
        still: whether there will be a single picture.
        text_encoder: gives the encoder of the model, loaded when first asked for.
    """

    task: Task
    config: InferenceConfig
    asked: Vocabulary | None
    still: bool
    text_encoder: Callable[[], TextEncoder]

    def categories(self, model: torch.nn.Module) -> Categories | None:
        """The classes in words, on the device of the model; None where a task takes none.

        Raises VocabularyError where the task needs classes and has none, or takes none and has.
        """
        task = self.task
        if self.asked is None:
            if task.by_category:
                raise VocabularyError(
                    f"Task {task.value} needs to know what to find; give categories such as "
                    f"dog,person or a vocabulary such as coco."
                )
            return None
        if not task.by_category and task is not Task.PVOS:
            raise VocabularyError(f"Task {task.value} follows prompts and takes no categories.")
        embeddings = self.text_encoder().encode_names(self.asked.texts)
        like = next(model.parameters())
        return Categories(self.asked.names, self.asked.is_thing, embeddings.to(like))


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """One row.

    Attributes:
        policy: what answers; it raises ModelError or VocabularyError for what cannot be asked.
        settings: what differs from the defaults of every task.
        check_config: raises ModelError for settings that the kind cannot run by.
        check_prompts: raises PromptError for prompts that it cannot be given.
        classes: the only classes that a model can tell; None where any words will do.
        text: the encoder of words that a model names, if it reads any.
    """

    policy: Callable[[Any, Question], TaskPolicy]
    settings: Mapping[str, Any] = field(default_factory=dict)
    check_config: Callable[[InferenceConfig], None] = lambda config: None
    check_prompts: Callable[[Sequence[Prompt]], None] = lambda prompts: None
    classes: Callable[[Any], Vocabulary | None] = lambda model: None
    text: Callable[[Any], TextConfig | None] = lambda model: model.config.text


def kind_of(model: Model) -> ModelKind:
    """The row of a model. Raises ModelError where there is none."""
    for type_, kind in KINDS.items():
        if isinstance(model, type_):
            return kind
    raise ModelError(f"A model of type {type(model).__name__} cannot segment videos.")


def _univs(model: UniVS, question: Question) -> TaskPolicy:
    task, config = question.task, question.config
    categories = question.categories(model)
    if task in (Task.VOS, Task.PVOS):
        return PromptedPolicy(model, config, categories)
    if task is Task.REFVOS:
        return ReferringPolicy(model, config, question.text_encoder())
    assert categories is not None
    predictor = UniVSPredictor(model, categories, config=config)
    if question.still:
        return ImagePolicy(predictor, config, task, categories)
    if task is Task.VSS:
        return SemanticPolicy(predictor, config, categories)
    return category_policy(model, config, task, categories)


def category_policy(
    model: UniVS, config: InferenceConfig, task: Task, categories: Categories
) -> CategoryPolicy:
    """The policy of VIS or VPS by a UniVS; with a prompt memory if it associates by prompts."""
    memory = PromptMemory(model, config) if config.tracking.association == "prompts" else None
    describe = describer(DescriptorConfig(), model.config.decoder.hidden)
    return CategoryPolicy(
        UniVSPredictor(model, categories, memory, config),
        config,
        task,
        categories,
        memory=memory,
        shapes=shapes_of(describe, config.gvseg, categories.is_thing),
    )


def _gvseg(model: GvSeg, question: Question) -> TaskPolicy:
    check_task(question.task)
    categories = question.categories(model)
    return gvseg_policy(model, question.config, question.task, categories, still=question.still)


def _mask2former(model: Mask2Former, question: Question) -> TaskPolicy:
    task = question.task
    wanted = wanted_classes(model, task, question.asked)
    return fixed_class_policy(model, question.config, task, wanted, still=question.still)


def _own_classes(model: Mask2Former) -> Vocabulary:
    return model.config.classes


KINDS: Mapping[type[Model], ModelKind] = {
    UniVS: ModelKind(policy=_univs),
    GvSeg: ModelKind(
        policy=_gvseg, settings=CLIP_WISE, check_config=check_config, check_prompts=check_prompts
    ),
    Mask2Former: ModelKind(policy=_mask2former, classes=_own_classes, text=lambda model: None),
}
