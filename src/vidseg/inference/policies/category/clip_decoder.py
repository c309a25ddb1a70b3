"""What a category policy asks of the network: one clip, the objects it remembers, one answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from ....models.decoder.tensors import FrameFeatures, Prediction
from ....models.univs.model import UniVS
from ...config import InferenceConfig
from ...memory.prompt_memory import PromptMemory
from ..base import Categories, Clip
from ..checked import checked


class ClipAnswers(Protocol):
    """Anything that answers a clip with queries and their classes."""

    def decode(self, clip: Clip) -> Prediction:
        """B = 1; learnable rows first, then the remembered objects in order, if it has any."""
        ...


@runtime_checkable
class ClipDecoder(ClipAnswers, Protocol):
    """Decodes clips with learnable queries and one prompt query per remembered object.

    The verbs besides ``decode`` are those of :class:`PromptMemory`.
    """

    def add(self, ids: Sequence[int], first: int) -> None: ...

    def remove(self, ids: Collection[int]) -> None: ...

    def advance(self, stop: int) -> None: ...

    def observe(
        self, features: FrameFeatures, frame_indices: Tensor, masks: Tensor, slot: int
    ) -> None: ...

    def remember_masks(
        self, features: FrameFeatures, masks: Mapping[int, Tensor], anchored: Collection[int]
    ) -> None: ...


class LearnableDecoder:
    """A UniVS asked by its learnable queries alone."""

    def __init__(self, model: UniVS, categories: Categories) -> None:
        self._model = model
        self._embeddings = categories.embeddings

    def decode(self, clip: Clip) -> Prediction:
        """As :class:`ClipAnswers` says."""
        indices = clip.frame_indices[None]
        out = self._model.decode(clip.features, indices, None, self._embeddings)
        return checked(out.final, clip)


class RememberingDecoder:
    """A model and its prompt memory, asked for the classes of a session."""

    def __init__(self, model: UniVS, config: InferenceConfig, categories: Categories) -> None:
        self._model = model
        self._embeddings = categories.embeddings
        self._memory = PromptMemory(model, config)
        self.add = self._memory.add
        self.remove = self._memory.remove
        self.advance = self._memory.advance
        self.observe = self._memory.observe
        self.remember_masks = self._memory.remember_masks

    def decode(self, clip: Clip) -> Prediction:
        """As :class:`ClipDecoder` says; without objects only learnable queries run."""
        queries = self._memory.queries(clip) if self._memory.ids else None
        indices = clip.frame_indices[None]
        out = self._model.decode(clip.features, indices, queries, self._embeddings)
        return checked(out.final, clip)
