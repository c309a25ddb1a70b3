"""Stuff of PVOS: such regions follow the semantic map, not their own mask (VIPOSeg)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....errors import VocabularyError
from ....models.decoder.tensors import Prediction
from ...class_maps import class_scores, class_weights
from ...config import InferenceConfig
from ...mask_quality import mask_quality
from ..base import Categories, Clip


class StuffPixels:
    """Tells which pixels belong to a stuff class, by the learnable queries."""

    def __init__(self, categories: Categories) -> None:
        self.embeddings = categories.embeddings
        self._index = {name: k for k, name in enumerate(categories.names)}

    def masks(
        self, prediction: Prediction, clip: Clip, classes: Sequence[str], config: InferenceConfig
    ) -> Tensor:
        """[N, T, h, w] bool masks of N classes, on the grid that masks are measured on.

        Raises VocabularyError for a class that the vocabulary does not hold.
        """
        unknown = [name for name in classes if name not in self._index]
        if unknown:
            raise VocabularyError(
                f"Stuff of class {unknown[0]!r} is not in the vocabulary of this session."
            )
        logits = prediction.mask_logits[0, : prediction.learnable].float()
        if config.mask_measures == "pixels":
            logits = clip.geometry.to_padded(logits)
        weights = class_weights(prediction, mask_quality(logits))
        winners = torch.stack(
            [class_scores(weights, logits[:, t]).argmax(0) for t in range(len(clip))]
        )
        return torch.stack([winners == self._index[name] for name in classes])
