"""Per-pixel class scores from the masks and classes of queries (UniVS §4.2, VSS)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.decoder.tensors import Prediction


def class_weights(prediction: Prediction, quality: Tensor) -> Tensor:
    """[Q, K] class probability of each learnable query times the quality [Q] of its mask."""
    assert prediction.class_logits is not None
    return prediction.class_logits[0, : prediction.learnable].float().sigmoid() * quality[:, None]


def class_scores(weights: Tensor, mask_logits: Tensor) -> Tensor:
    """[K, h, w] sum over the queries of class weight times mask probability, for one frame.

    Args:
        weights: [Q, K], see :func:`class_weights`.
        mask_logits: [Q, h, w].
    """
    return torch.einsum("qk,qhw->khw", weights, mask_logits.sigmoid())


def contenders(scores: Tensor) -> Tensor:
    """Indices of the classes of [K, h, w] that win at least one cell.

    A class that wins no cell hardly wins a pixel after up-sampling, so only these are up-sampled.
    """
    winners = scores.flatten(1).argmax(0)
    return winners.bincount(minlength=scores.shape[0]).nonzero()[:, 0]
