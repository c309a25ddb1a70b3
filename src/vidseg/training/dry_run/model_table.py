"""The parts of a model: how large they are, and how each is trained."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..recipe.schema import OptimiserConfig
from ..run.optimiser import build_optimiser


@dataclass(frozen=True)
class ModelPart:
    """A part of a model.

    Attributes:
        name: of the module.
        parameters: numbers in it, buffers left out.
        trainable: those that are not frozen.
        rates: learning rates of its trainable parameters at the start, ascending.
    """

    name: str
    parameters: int
    trainable: int
    rates: tuple[float, ...]


def model_parts(model: nn.Module, config: OptimiserConfig) -> tuple[ModelPart, ...]:
    """The parts of a model in their order.

    Args:
        model: frozen where the recipe says so.
        config: gives the learning rates.

    Raises RecipeError where the recipe names parts that the model lacks.
    """
    rates = {
        id(parameter): group["scale"] * config.lr
        for group in build_optimiser(model, config).param_groups
        for parameter in group["params"]
    }
    parts = []
    for name, module in model.named_children():
        parameters = list(module.parameters())
        trained = [p for p in parameters if p.requires_grad]
        parts.append(
            ModelPart(
                name,
                sum(p.numel() for p in parameters),
                sum(p.numel() for p in trained),
                tuple(sorted({rates[id(p)] for p in trained})),
            )
        )
    return tuple(parts)
