"""What a text encoder offers to the rest of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor


class SentenceFeatures(NamedTuple):
    """Features of N sentences.

    Attributes:
        words: [N, L, D_t], one row per token.
        lengths: [N] int64, how many of the L rows are tokens; the others are padding.
        sentence: [N, D_t], one feature per sentence.
    """

    words: Tensor
    lengths: Tensor
    sentence: Tensor


class TextEncoder(Protocol):
    """Frozen encoder of category names and sentences. Tensors are float32 on the CPU."""

    @property
    def dim(self) -> int:
        """D_t, width of all features."""

    def encode_names(self, names: Sequence[str]) -> Tensor:
        """[K, D_t] features of K names."""

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """Features of N sentences, words and whole."""


@runtime_checkable
class MovableTextEncoder(Protocol):
    """An encoder that computes on a device; its features are on the CPU all the same."""

    def to(self, device: torch.device) -> TextEncoder:
        """The same encoder, on the device."""


def move(encoder: TextEncoder, device: torch.device) -> None:
    """Puts an encoder on a device, if it computes on one; a table is read where it lies."""
    if isinstance(encoder, MovableTextEncoder):
        encoder.to(device)
