"""Stops at answers that are no numbers, before any rule decides by them."""

from __future__ import annotations

import torch

from ...errors import ModelError
from ...models.decoder.tensors import Prediction
from .base import Clip


def checked(prediction: Prediction, clip: Clip) -> Prediction:
    """The prediction of a clip as it is. Raises ModelError where a value is NaN or infinite."""
    parts = (prediction.mask_logits, prediction.class_logits, prediction.embeddings)
    if not all(bool(torch.isfinite(part).all()) for part in parts if part is not None):
        last = clip.indices[-1]
        raise ModelError(
            f"The model answers frame {last} with values that are no numbers (NaN or infinite), so "
            f"its weights are damaged or not fully trained; take others."
        )
    return prediction
