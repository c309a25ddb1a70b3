"""What is trained, and how fast each part of the model learns (UniVS §4.1 and released code)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from ...errors import RecipeError, nearest_hint
from ..recipe.schema import OptimiserConfig, ScheduleConfig

_UNDECAYED_MODULES = (
    nn.LayerNorm,
    nn.GroupNorm,
    nn.modules.batchnorm._BatchNorm,
    nn.Embedding,
)
# Tables and temperatures that are plain parameters here.
_UNDECAYED_NAMES = ("relative_position_bias_table", "class_temperature")


def freeze(model: nn.Module, prefixes: Sequence[str]) -> None:
    """Stops gradients of the parameters below these names, and drop-path and dropout there.

    Args:
        prefixes: dotted names of modules or parameters, such as ``backbone.res2``.

    Raises:
        RecipeError: a name is of no part of the model, or nothing is left to train.
    """
    names = [name for name, _ in model.named_parameters()]
    modules = dict(model.named_modules())
    for prefix in prefixes:
        _check(prefix, names, "optimiser.freeze")
        if prefix in modules:
            modules[prefix].eval()
    for name, parameter in model.named_parameters():
        if any(_below(name, prefix) for prefix in prefixes):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise RecipeError("optimiser.freeze leaves nothing to train; remove some of its names.")


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.AdamW:
    """AdamW over what is not frozen, in groups of one learning rate and decay each.

    Every group keeps its factor on the learning rate as ``scale``. Norms, embeddings, Swin's
    position tables and temperatures do not decay; biases do, as in the released code.

    Raises RecipeError where a name of ``scales`` or ``no_decay`` is of no part of the model.
    """
    names = [name for name, _ in model.named_parameters()]
    for prefix in config.scales:
        _check(prefix, names, "optimiser.scales")
    for prefix in config.no_decay:
        _check(prefix, names, "optimiser.no_decay")
    undecayed = _undecayed(model)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        spared = name in undecayed or any(_below(name, prefix) for prefix in config.no_decay)
        decay = 0.0 if spared else config.weight_decay
        groups.setdefault((_scale(name, config), decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "scale": scale, "weight_decay": decay}
            for (scale, decay), parameters in groups.items()
        ],
        lr=config.lr,
    )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of every group to ``rate`` times the group's own factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["scale"]


def rate_factor(step: int, config: ScheduleConfig) -> float:
    """Factor on every learning rate in a step.

    Args:
        step: number of the step, from 0.
        config: ``steps``: times ``gamma`` from each of ``steps`` on; ``cosine``: from 1 down to
            ``final``. Linear growth over the first ``warmup`` steps; the last of them is whole.

    The released schedule is ``steps`` without warm-up (UniVS code, configs of all stages).
    """
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.kind == "steps":
        passed = sum(step >= milestone for milestone in config.steps)
        return float(warm * config.gamma**passed)
    progress = min(1.0, step / max(1, config.iterations - 1))
    wave = 0.5 * (1 + math.cos(math.pi * progress))
    return warm * (config.final + (1 - config.final) * wave)


def _scale(name: str, config: OptimiserConfig) -> float:
    fitting = [prefix for prefix in config.scales if _below(name, prefix)]
    return config.scales[max(fitting, key=len)] if fitting else 1.0


def _undecayed(model: nn.Module) -> set[str]:
    """Full names of parameters that decay would only pull away from where they belong."""
    return {
        f"{place}.{name}" if place else name
        for place, module in model.named_modules()
        for name, _ in module.named_parameters(recurse=False)
        if isinstance(module, _UNDECAYED_MODULES) or name in _UNDECAYED_NAMES
    }


def _below(name: str, prefix: str) -> bool:
    """Whether a parameter is the named part or inside it; ``layers.1`` is not ``layers.10``."""
    return name == prefix or name.startswith(prefix + ".")


def _check(prefix: str, names: Iterable[str], key: str) -> None:
    if any(_below(name, prefix) for name in names):
        return
    parts: dict[str, None] = {}
    for name in names:
        words = name.split(".")
        parts.update(dict.fromkeys(".".join(words[:end]) for end in range(1, len(words) + 1)))
    raise RecipeError(
        f"{key} names {prefix!r}, no part of the model{nearest_hint(prefix, list(parts))}."
    )
