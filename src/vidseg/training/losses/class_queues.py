"""Embeddings of each class over the training set, first in, first out (GvSeg §3.1, N_Q)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClassQueues(nn.Module):
    """The newest embeddings of each of K classes, as buffers that no gradient enters.

    Every process must push the same rows in the same order
    (:func:`vidseg.training.parallel.processes.gather_rows`); then all hold the same.

    Args:
        classes: K.
        length: N_Q, embeddings that a class keeps at most.
        width: C.

    Attributes:
        values: [K, N_Q, C]; what was not pushed yet is 0.
        pushed: [K] int64, embeddings that each class was ever given.
    """

    values: Tensor
    pushed: Tensor

    def __init__(self, classes: int, length: int, width: int) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(classes, length, width))
        self.register_buffer("pushed", torch.zeros(classes, dtype=torch.int64))

    @torch.no_grad()
    def push(self, classes: Tensor, embeddings: Tensor) -> None:
        """Adds embeddings [n, C] to the queues of their ``classes`` [n]; the oldest fall out."""
        length = self.values.shape[1]
        for k in classes.unique().tolist():
            own = embeddings[classes == k]
            places = (self.pushed[k] + torch.arange(len(own), device=own.device)) % length
            kept = slice(max(0, len(own) - length), None)  # no place is written twice
            self.values[k, places[kept]] = own[kept].detach().to(self.values.dtype)
            self.pushed[k] += len(own)

    def samples(self) -> tuple[Tensor, Tensor]:
        """(embeddings [M, C], their classes [M]) of all queues."""
        K, length, _ = self.values.shape
        slots = torch.arange(length, device=self.values.device)
        filled = slots[None] < self.pushed[:, None]
        classes = torch.arange(K, device=self.values.device)[:, None].expand(K, length)
        return self.values[filled], classes[filled]
