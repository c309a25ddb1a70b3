"""Whose pixel it is where objects that the user marked claim the same one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....errors import VocabularyError
from ....models.decoder.tensors import Prediction
from ...clip import Categories, Clip
from ...mask_scores import class_scores, class_weights, mask_quality, winner_masks
from ...released_behaviour import PublishedBehaviour


def settle_backgrounds(ids: Sequence[int], logits: Tensor) -> Tensor:
    """Gives each disputed pixel to the object or to its background, whichever is surer.

    ``logits`` [N, T, h, w] of the objects ``ids`` are changed in place and returned.
    """
    for row, name in enumerate(ids):
        if name < 0:
            owner = list(ids).index(-name)
            own, other = logits[owner].clone(), logits[row].clone()
            logits[owner] = torch.where(other > own, -own.abs(), own)
            logits[row] = torch.where(other > own, other, -other.abs())
    return logits


def winners(
    behaviour: PublishedBehaviour, strength: Tensor, certainty: Tensor, claimed: Tensor
) -> Tensor:
    """[N, T, h, w] bool: who wins, by strength [N] times certainty, what logits above 0 claim."""
    weighted = strength[:, None, None, None] * certainty
    return winner_masks(weighted, claimed > 0, among=behaviour.contest)


def resolved(behaviour: PublishedBehaviour, claimed: Tensor, won: Tensor) -> Tensor:
    """Logits after the settlement: what was not won is no mask."""
    if behaviour.lost_pixels == "zero":
        return claimed * won
    return torch.where(won, claimed, -claimed.abs())


class StuffPixels:
    """Tells which pixels belong to a stuff class, by the learnable queries."""

    def __init__(self, categories: Categories) -> None:
        self.embeddings = categories.embeddings
        self._index = {name: k for k, name in enumerate(categories.names)}

    def masks(self, prediction: Prediction, clip: Clip, classes: Sequence[str]) -> Tensor:
        """[N, T, h, w] bool masks of N classes, on the grid that masks are measured on.

        Raises VocabularyError for a class that the vocabulary does not hold.
        """
        unknown = [name for name in classes if name not in self._index]
        if unknown:
            raise VocabularyError(
                f"Stuff of class {unknown[0]!r} is not in the vocabulary of this session."
            )
        logits = clip.geometry.measured(prediction.mask_logits[0, : prediction.learnable].float())
        weights = class_weights(prediction, mask_quality(logits))
        winners = torch.stack(
            [class_scores(weights, logits[:, t]).argmax(0) for t in range(len(clip))]
        )
        return torch.stack([winners == self._index[name] for name in classes])
