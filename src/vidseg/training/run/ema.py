"""Moving average of the weights: the teacher of UniVS, which is measured and shipped."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..parallel.sharding import shard_like, whole


class MovingAverage:
    """Average of the trained parameters over the steps of a run.

    ``average += (1 - decay) (weights - average)`` after each step. The decay grows as
    ``(1 + n) / (10 + n)`` over the steps n until it reaches ``decay`` (after 90 000 steps for
    0.9999), so that a short run is not an average of its random start. The released code has no
    such growth; after that many steps both are the same.

    Args:
        model: whose parameters, sharded or not, are averaged where they lie.
        decay: per step, 0 .. 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._average = {n: p.detach().clone() for n, p in self._trained.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes the weights in after step number ``step``, from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages = list(self._average.values())
        torch._foreach_lerp_(averages, list(self._trained.values()), 1 - decay)

    def weights(self) -> dict[str, Tensor]:
        """Whole averaged parameters on the CPU by name. All processes must call it together."""
        return {name: whole(value) for name, value in self._average.items()}

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Goes on from whole averaged parameters; those not given stay as they are."""
        for name, parameter in self._trained.items():
            if name in weights:
                self._average[name].copy_(shard_like(weights[name], parameter))
