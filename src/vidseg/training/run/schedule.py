"""Course of the learning rate over the steps of a run."""

from __future__ import annotations

import math

from ..recipe.schema import ScheduleConfig


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
