"""One optimiser step of a run, from a batch to new weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from ...datasets.batches.collate import ClipBatch
from ...errors import TrainingError
from ..parallel.processes import Team
from ..parallel.seeds import part_seed
from ..parallel.sharding import Replica
from ..recipe.schema import Recipe
from .ema import MovingAverage
from .optimiser import rate_factor, set_rate

_HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_SMALLEST_LOSS_SCALE = 1e-3  # below, every step overflows and nothing is learned


@dataclass(frozen=True)
class StepReport:
    """What a step showed.

    Attributes:
        loss: mean over the processes.
        terms: of this process, mean over its parts.
        gradient: norm of the whole gradient before clipping.
        rate: learning rate of parts without a factor of their own.
        stop: some process was asked to stop.
    """

    loss: float
    terms: dict[str, float]
    gradient: float
    rate: float
    stop: bool


class BadStepError(TrainingError):
    """A loss or gradient that is no number. The weights are still those before the step."""


class Stepper:
    """Takes the steps of a run. All processes take them together.

    The clips of a step are split over the processes and then into ``engine.accumulate`` parts,
    one after the other. Each part weighs as many clips as it has; counts that a loss divides by
    are averaged over the processes, but not over the parts.

    Args:
        recipe: engine, optimiser and schedule.
        replica: the training module in this process.
        optimiser: of its parameters.
        average: of its parameters, or None.
        team: the processes.
    """

    def __init__(
        self,
        recipe: Recipe,
        replica: Replica,
        optimiser: torch.optim.Optimizer,
        average: MovingAverage | None,
        team: Team,
    ) -> None:
        self._recipe, self._team = recipe, team
        self._replica, self._optimiser, self._average = replica, optimiser, average
        halves = recipe.engine.precision == "fp16"
        self.scaler = torch.amp.GradScaler(team.device.type, enabled=halves)

    def take(self, step: int, batch: ClipBatch, *, stop: bool) -> StepReport:
        """Step number ``step``, from 0, on this process's part of the batch.

        ``stop`` says that this process was asked to stop; the report says whether any was.
        Raises BadStepError, in all processes, for a loss or gradient that is not finite.
        """
        rate = self._recipe.optimiser.lr * rate_factor(step, self._recipe.schedule)
        set_rate(self._optimiser, rate)
        self._optimiser.zero_grad(set_to_none=True)
        terms = self._backward(step, batch)
        loss = terms["total"]
        bad, total, stops = self._team.sum(
            [float(not math.isfinite(loss)), loss if math.isfinite(loss) else 0.0, float(stop)]
        )
        if bad:
            raise BadStepError(self._bad_loss(step, loss, batch))
        gradient = self._update(step, batch)
        if self._average is not None:
            self._average.update(step)
        return StepReport(total / self._team.world, terms, gradient, rate, stops > 0)

    def _backward(self, step: int, batch: ClipBatch) -> dict[str, float]:
        """Gradients of all parts; the mean of each term, weighted by clips."""
        parts = split_batch(batch, self._recipe.engine.accumulate)
        sums: dict[str, Tensor] = {}
        for number, part in enumerate(parts):
            share = len(part.samples) / len(batch.samples)
            seed = part_seed(self._recipe.engine.seed, step, self._team.rank, number)
            with self._replica.part(last=number == len(parts) - 1):
                with autocast(self._team.device, self._recipe.engine.precision):
                    terms = self._replica.forward(part, seed)
                self.scaler.scale(terms["total"] * share).backward()
            for name, term in terms.items():
                value = term.detach().double() * share
                sums[name] = sums[name] + value if name in sums else value
        return {name: float(value) for name, value in sums.items()}

    def _update(self, step: int, batch: ClipBatch) -> float:
        """Clips the gradient and moves the weights; returns its norm before."""
        self.scaler.unscale_(self._optimiser)
        self._replica.drop_absent_gradients()
        groups = self._optimiser.param_groups
        trained = [p for group in groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.get_total_norm([p.grad for p in trained])
        value = float(norm.full_tensor() if isinstance(norm, DTensor) else norm)
        if not math.isfinite(value) and not self._may_overflow():
            raise BadStepError(
                f"The gradient is {value} in step {step + 1}, on {self._described(batch)}"
            )
        most = self._recipe.optimiser.clip_gradient
        if most is not None:
            torch.nn.utils.clip_grads_with_norm_(trained, most, norm)
        self.scaler.step(self._optimiser)
        self.scaler.update()
        return value

    def _may_overflow(self) -> bool:
        """With a loss scale, a step that overflows is skipped and the scale halved."""
        return self.scaler.is_enabled() and self.scaler.get_scale() > _SMALLEST_LOSS_SCALE

    def _bad_loss(self, step: int, loss: float, batch: ClipBatch) -> str:
        mine = None if math.isfinite(loss) else (loss, describe(batch))
        found = [report for report in self._team.gather(mine) if report is not None]
        batches = "; ".join(text for _, text in found)
        return f"The loss is {found[0][0]} in step {step + 1}, on {batches}"

    def _described(self, batch: ClipBatch) -> str:
        return "; ".join(self._team.gather(describe(batch)))


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The precision of forward passes: ``fp32``, ``bf16`` or ``fp16``."""
    half = _HALVES.get(precision)
    return torch.autocast(device.type, half, enabled=half is not None)


def split_batch(batch: ClipBatch, parts: int) -> list[ClipBatch]:
    """The clips of a batch in ``parts`` parts of about the same size.

    Raises TrainingError where there are fewer clips than parts.
    """
    if parts == 1:
        return [batch]
    if parts > len(batch.samples):
        raise TrainingError(
            f"engine.accumulate is {parts}, but a process gets {len(batch.samples)} clips in a "
            f"step; lower it or raise data.clips."
        )
    bounds = np.linspace(0, len(batch.samples), parts + 1).round().astype(int).tolist()
    return [
        ClipBatch(batch.images[a:b], batch.frame_indices[a:b], batch.samples[a:b])
        for a, b in pairwise(bounds)
    ]


def describe(batch: ClipBatch) -> str:
    """Where a batch comes from: ``mose (videos a, b)``."""
    videos = ", ".join(dict.fromkeys(sample.video for sample in batch.samples if sample.video))
    named = f" (videos {videos})" if videos else ""
    return f"{batch.samples[0].dataset}{named}"
