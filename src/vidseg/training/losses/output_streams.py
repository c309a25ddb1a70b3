"""Predictions of both query streams taken apart, and made fit for a loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, Prediction


def split_streams(prediction: Prediction) -> tuple[Prediction, Prediction]:
    """The learnable and the prompt queries of a prediction."""
    n = prediction.learnable
    logits = prediction.class_logits
    parts = [
        Prediction(
            prediction.mask_logits[:, rows],
            None if logits is None else logits[:, rows],
            prediction.embeddings[:, rows],
            count,
        )
        for rows, count in ((slice(0, n), n), (slice(n, None), 0))
    ]
    return parts[0], parts[1]


def prompts_only(output: DecoderOutput) -> DecoderOutput:
    """Without the learnable queries."""
    return _each(output, lambda prediction: split_streams(prediction)[1])


def in_full_precision(output: DecoderOutput) -> DecoderOutput:
    """16-bit values of autocast as 32-bit ones: losses sum over many points."""

    def raise_one(x: Tensor) -> Tensor:
        return x.float() if x.element_size() < 4 else x

    def raise_all(p: Prediction) -> Prediction:
        classes = None if p.class_logits is None else raise_one(p.class_logits)
        return Prediction(raise_one(p.mask_logits), classes, raise_one(p.embeddings), p.learnable)

    return _each(output, raise_all)


def without_autocast(device: torch.device) -> torch.autocast:
    """Context in which losses keep the precision of what they are given."""
    return torch.autocast(device.type, enabled=False)


def _each(output: DecoderOutput, change: Callable[[Prediction], Prediction]) -> DecoderOutput:
    return DecoderOutput(change(output.final), tuple(change(p) for p in output.auxiliary))
