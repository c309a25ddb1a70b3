"""Model and objective as one module with one forward pass, which DDP and FSDP can watch."""

from __future__ import annotations

from torch import Tensor, nn

from ...datasets.batches.collate import ClipBatch
from ...models.any_model import VideoModel
from ..parallel.seeds import seed_all
from .registry import Objective


class TrainingModule(nn.Module):
    """What a step computes. The objective's own parameters, if any, are not trained."""

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
