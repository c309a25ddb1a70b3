"""Whether the values of a recipe make sense, alone and together. Looks at no file."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import RecipeError, nearest_hint
from .data import DataConfig
from .objective import ObjectiveConfig, PromptShares, TaskShares
from .schema import EvaluationConfig, OptimiserConfig, Recipe, ScheduleConfig

_POSITIVE = (
    "data.clips",
    "data.frames",
    "data.size",
    "data.most_objects",
    "data.augmentation.long_side",
    "objective.clip_frames",
    "objective.detect_every",
    "objective.contrast.tau",
    "objective.contrast.queue",
    "objective.prompts.most",
    "objective.prompts.tokens",
    "optimiser.lr",
    "optimiser.clip_gradient",
    "schedule.iterations",
    "schedule.gamma",
    "engine.accumulate",
    "engine.save_every",
    "engine.log_every",
    "engine.keep",
)
_NOT_NEGATIVE = (
    "data.workers",
    "data.corrupt_limit",
    "data.augmentation.colour",
    "data.augmentation.rotation",
    "data.augmentation.most_pasted",
    "data.augmentation.smallest_area",
    "optimiser.weight_decay",
    "schedule.warmup",
    "engine.seed",
    "engine.evaluate_every",
    "engine.draw_every",
)
_SHARES = (
    "data.single_frames",
    "data.augmentation.flip",
    "data.augmentation.paste",
    "objective.prompts.predicted",
    "objective.prototype_momentum",
    "schedule.final",
)


def check_recipe(recipe: Recipe) -> None:
    """Raises RecipeError, which names the key, for the first thing that cannot be."""
    _check_finite(recipe, "")
    for key in _POSITIVE:
        _demand(_value(recipe, key), key, "more than 0", lambda v: v > 0)
    for key in _NOT_NEGATIVE:
        _demand(_value(recipe, key), key, "0 or more", lambda v: v >= 0)
    for key in _SHARES:
        _demand(_value(recipe, key), key, "from 0 to 1", lambda v: 0 <= v <= 1)
    _demand(recipe.ema.decay, "ema.decay", "at least 0 and below 1", lambda v: 0 <= v < 1)
    _check_data(recipe.data)
    _check_objective(recipe.objective, recipe.data)
    _check_optimiser(recipe.optimiser)
    _check_schedule(recipe.schedule)
    _check_evaluation(recipe.evaluation)
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", recipe.engine.device) is None:
        raise RecipeError(
            f"engine.device is {recipe.engine.device!r}; it needs auto, cpu, cuda, cuda:N or mps."
        )
    if recipe.objective.kind == "gvseg" and recipe.engine.draw_every:
        raise RecipeError(
            f"engine.draw_every is {recipe.engine.draw_every}, but no pictures are drawn of the "
            f"objective gvseg; set it to 0."
        )
    if recipe.data.clips % recipe.engine.accumulate:
        raise RecipeError(
            f"data.clips is {recipe.data.clips}, which engine.accumulate="
            f"{recipe.engine.accumulate} does not divide; change one of them."
        )


def _check_data(data: DataConfig) -> None:
    _demand(data.size, "data.size", "that is a multiple of 32", lambda v: v % 32 == 0)
    low, high = data.augmentation.scale
    if not 0 < low <= high:
        raise RecipeError(
            f"data.augmentation.scale needs two positive numbers, the smaller one first, not "
            f"{[low, high]}."
        )
    sides = data.augmentation.short_sides
    if not sides or min(sides) < 1:
        raise RecipeError("data.augmentation.short_sides needs at least one positive length.")
    if not data.sources:
        raise RecipeError("data.sources is empty; name at least one dataset to train on.")
    names = [source.name for source in data.sources]
    for source in data.sources:
        key = f"data.sources.{source.name}"
        _demand(source.weight, f"{key}.weight", "0 or more", lambda v: v >= 0)
        _demand(source.held_out, f"{key}.held_out", "at least 0 and below 1", lambda v: 0 <= v < 1)
        _demand(source.as_still, f"{key}.as_still", "from 0 to 1", lambda v: 0 <= v <= 1)
        _demand(source.longest_step, f"{key}.longest_step", "more than 0", lambda v: v > 0)
        _demand(source.frame_range, f"{key}.frame_range", "more than 0", lambda v: v > 0)
        _demand(source.least_side, f"{key}.least_side", "0 or more", lambda v: v >= 0)
        _demand(source.repeat_threshold, f"{key}.repeat_threshold", "more than 0", lambda v: v > 0)
        if source.donor is not None and source.donor not in names:
            raise RecipeError(
                f"{key}.donor is {source.donor!r}, which is no source of this recipe"
                f"{nearest_hint(source.donor, names)}."
            )
    if not any(source.weight > 0 for source in data.sources):
        raise RecipeError("Every data.sources.NAME.weight is 0; give one of them a weight.")


def _check_objective(objective: ObjectiveConfig, data: DataConfig) -> None:
    prompts = objective.prompts
    for key, shares in (("shares", prompts.shares), ("single_shares", prompts.single_shares)):
        if shares is not None:
            _check_shares(shares, f"objective.prompts.{key}")
    _check_shares(objective.tasks.shares, "objective.tasks.shares")
    _check_only(prompts.only, "objective.prompts.only", data)
    _check_only(objective.tasks.only, "objective.tasks.only", data)
    if not prompts.asked and objective.kind != "clips":
        raise RecipeError(
            f"objective.prompts.asked is false, but the objective {objective.kind} needs prompts; "
            f"only clips does without."
        )
    if objective.kind in ("long_video", "gvseg") and objective.clip_frames > data.frames:
        raise RecipeError(
            f"objective.clip_frames is {objective.clip_frames}, more than the {data.frames} of "
            f"data.frames; a long video holds at least one clip."
        )


def _check_only(only: Mapping[str, tuple[str, ...]], key: str, data: DataConfig) -> None:
    names = [source.name for source in data.sources]
    for name, kinds in only.items():
        if name not in names:
            raise RecipeError(
                f"{key} names {name!r}, which is no source of this recipe"
                f"{nearest_hint(name, names)}."
            )
        if not kinds:
            raise RecipeError(f"{key}.{name} is empty; name what it may be asked, or leave it out.")


def _check_shares(shares: PromptShares | TaskShares, key: str) -> None:
    values = dataclasses.asdict(shares)
    for kind, share in values.items():
        _demand(share, f"{key}.{kind}", "0 or more", lambda v: v >= 0)
    if not any(values.values()):
        raise RecipeError(f"Every share of {key} is 0; give one of them a share.")


def _check_optimiser(optimiser: OptimiserConfig) -> None:
    for prefix, scale in optimiser.scales.items():
        _demand(scale, f"optimiser.scales.{prefix}", "0 or more", lambda v: v >= 0)


def _check_schedule(schedule: ScheduleConfig) -> None:
    steps = schedule.steps
    if list(steps) != sorted(set(steps)) or any(step < 1 for step in steps):
        raise RecipeError(f"schedule.steps must rise from 1 on, not {list(steps)}.")


def _check_evaluation(evaluation: EvaluationConfig) -> None:
    names = [benchmark.name for benchmark in evaluation.benchmarks]
    for benchmark in evaluation.benchmarks:
        key = f"evaluation.benchmarks.{benchmark.name}"
        share = benchmark.held_out
        _demand(share, f"{key}.held_out", "at least 0 and below 1", lambda v: 0 <= v < 1)
        for name in ("short_side", "most_videos", "most_frames"):
            _demand(getattr(benchmark, name), f"{key}.{name}", "more than 0", lambda v: v > 0)
    if evaluation.best is not None and evaluation.best.split("/")[0] not in names:
        raise RecipeError(
            f"evaluation.best is {evaluation.best!r}, but the recipe has no such benchmark"
            f"{nearest_hint(evaluation.best.split('/')[0], names)}."
        )


def _check_finite(value: Any, key: str) -> None:
    if dataclasses.is_dataclass(value):
        for f in dataclasses.fields(value):
            _check_finite(getattr(value, f.name), f"{key}.{f.name}" if key else f.name)
    elif isinstance(value, tuple):
        for item in value:
            _check_finite(item, f"{key}.{item.name}" if hasattr(item, "name") else key)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _check_finite(item, f"{key}.{name}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise RecipeError(f"{key} is {value}; it needs a finite number.")


def _value(recipe: Recipe, key: str) -> Any:
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _demand(value: Any, key: str, wanted: str, holds: Callable[[Any], bool]) -> None:
    """None, where a recipe allows it, always holds."""
    if value is not None and not holds(value):
        raise RecipeError(f"{key} is {value}; it needs a number {wanted}.")
