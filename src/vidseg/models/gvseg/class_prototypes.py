"""What queries of each class were like over the training set (GvSeg Eq. 9)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ClassPrototypes(nn.Module):
    """One running mean for each of K classes, as buffers that no gradient enters.

    In distributed training every process must be given the same rows in the same order.

    Args:
        names: of the classes.
        width: C.

    Attributes:
        values: [K, C]; 0 for what was not seen yet.
        seen: [K] bool.
    """

    values: Tensor
    seen: Tensor

    def __init__(self, names: Sequence[str], width: int) -> None:
        super().__init__()
        self._rows = {name: row for row, name in enumerate(names)}
        self.register_buffer("values", torch.zeros(len(names), width))
        self.register_buffer("seen", torch.zeros(len(names), dtype=torch.bool))

    def rows(self, names: Sequence[str]) -> Tensor:
        """Row [n] of each name; -1 for names without a prototype."""
        rows = [self._rows.get(name, -1) for name in names]
        return torch.tensor(rows, dtype=torch.long, device=self.values.device)

    @torch.no_grad()
    def update(self, rows: Tensor, queries: Tensor, momentum: float = 0.999) -> None:
        """One training step: each class moves towards the mean of its queries of this step.

        Args:
            rows: [n] classes; a class may come several times.
            queries: [n, C] embeddings that were matched to them.
            momentum: m of value <- m value + (1 - m) mean; a first mean is taken as it is.
        """
        if not len(rows):
            return
        classes, group = rows.unique(return_inverse=True)
        total = self.values.new_zeros(len(classes), self.values.shape[1])
        total.index_add_(0, group, queries.detach().to(self.values.dtype))
        mean = total / group.bincount()[:, None]
        moved = self.values[classes].lerp(mean, 1 - momentum)
        self.values[classes] = torch.where(self.seen[classes, None], moved, mean)
        self.seen[classes] = True

    def lookup(self, names: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Values [n, C], 0 where there is none, and whether there is one [n] bool."""
        rows = self.rows(names)
        values = self.values.new_zeros(len(names), self.values.shape[1])
        seen = rows >= 0
        seen[seen.clone()] = self.seen[rows[seen]]
        values[seen] = self.values[rows[seen]]
        return values, seen
