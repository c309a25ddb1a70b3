"""What a training step computes: an objective for each kind that a recipe may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor, nn

from ...datasets.batches.collate import ClipBatch
from ...errors import RecipeError
from ...models.gvseg.model import GvSeg
from ...models.loading import VideoModel
from ...models.text.encoder import TextEncoder, build_text_encoder
from ...models.text.listed_texts import ListedTexts
from ..parallel.seeds import seed_all
from ..recipe.objective import ObjectiveConfig
from .clip import ClipObjective
from .gvseg import GvSegObjective
from .long_video import LongVideoObjective
from .stream import StreamObjective


class Objective(Protocol):
    """Prompts a model on a batch and computes the loss of its predictions."""

    def __call__(
        self, model: VideoModel, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Loss of one batch.

        Args:
            model: in training mode, on any device.
            batch: B clips of T frames, on the CPU. Pixels and masks are moved to the model.
            rng: of the prompts. Sampled points and cells, and what the model itself draws, come
                from torch's global generators.

        Returns:
            Weighted terms, scalars by name, and ``"total"``, the only one that needs a gradient.
        """
        ...


@runtime_checkable
class RememberingObjective(Protocol):
    """An objective with state that a checkpoint must keep.

    Attributes:
        memory: holds the state as buffers.
    """

    memory: nn.Module


class TrainingModule(nn.Module):
    """Model and objective with one forward pass, which DDP and FSDP can watch.

    The objective's own parameters, if any, are not trained.
    """

    def __init__(self, model: VideoModel, objective: Objective) -> None:
        super().__init__()
        self.model = model
        self._objective = (objective,)  # hidden from torch: not a child

    def forward(self, batch: ClipBatch, seed: int) -> dict[str, Tensor]:
        """Loss of a batch, a function of weights, batch and seed alone.

        Args:
            batch: B clips.
            seed: of everything random: prompts, points, drop-path. Seeds torch, numpy and Python.

        Returns:
            Scalars by name; only ``"total"`` carries a gradient.
        """
        (objective,) = self._objective
        terms = objective(self.model, batch, seed_all(seed))
        return {name: t if name == "total" else t.detach() for name, t in terms.items()}


def build_objective(
    config: ObjectiveConfig, model: VideoModel, texts: TextEncoder | None = None
) -> Objective:
    """The objective of a recipe for this model.

    Args:
        config: of the recipe.
        model: only its configuration is used.
        texts: encoder of names and sentences; None builds the model's own, which works where it
            needs no weights from outside (static embeddings). A model without one is taught no
            classes and asked no text.

    Raises:
        RecipeError: wrong losses, or text prompts for a model without a text encoder.
        ModelError: the model's text encoder needs weights, or is of another width.
    """
    encoder = texts
    if encoder is None and model.config.text is not None:
        encoder = build_text_encoder(model.config.text)
    if encoder is None:
        _refuse_text(config)
    else:
        encoder = ListedTexts(encoder, model.config.decoder.text_dim)
    if isinstance(model, GvSeg) != (config.kind == "gvseg"):
        raise RecipeError(
            f"objective.kind is {config.kind}, which cannot train a {type(model).__name__}; use "
            f"gvseg for GvSeg and another kind for UniVS."
        )
    if isinstance(model, GvSeg):
        return GvSegObjective(config, encoder, model)
    kinds: dict[str, Callable[[ObjectiveConfig, TextEncoder | None], Objective]] = {
        "clips": ClipObjective,
        "long_video": LongVideoObjective,
        "stream": StreamObjective,
    }
    return kinds[config.kind](config, encoder)


def _refuse_text(config: ObjectiveConfig) -> None:
    prompts = config.prompts
    for key, shares in (("shares", prompts.shares), ("single_shares", prompts.single_shares)):
        for kind in ("category", "expression"):
            if shares is not None and getattr(shares, kind) > 0:
                raise RecipeError(
                    f"objective.prompts.{key}.{kind} is {getattr(shares, kind)}, but the model has "
                    f"no text encoder; set it to 0, or give the model one with "
                    f"model.overrides.text."
                )
