"""What a task policy must give back, and how the network is asked about a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypedDict

import torch

from ...errors import ModelError
from ...models.decoder.config import Separation, TemporalEncoding
from ...models.decoder.tensors import Prediction
from ...models.univs.model import UniVS
from ...prompts import Prompt
from ...results import FrameResult, Track
from ..clip import Categories, Clip
from ..config import InferenceConfig
from ..memory.prompt_memory import PromptMemory


class TaskPolicy(Protocol):
    """A task: what to ask the decoder, what to keep, how overlaps and classes are settled.

    Constructed as ``Policy(model, config, ...)``; one policy serves one video. Its state must not
    grow with the length of the video (the number of objects may). Every frame is returned exactly
    once over all ``step`` and ``finish`` calls, in order, as soon as no later clip changes it.
    """

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """Takes the next clip and the prompts on its ``clip.new`` last frames (texts: all of
        them, with the first clip); returns the frames that are now final."""
        ...

    def finish(self) -> list[FrameResult]:
        """Returns the frames that are still held back. Called once, at the end of the stream."""
        ...

    def tracks(self) -> tuple[Track, ...]:
        """Video-level table so far: one row per object and category worth reporting."""
        ...


class ClipPredictor(Protocol):
    """Anything that answers a clip with queries and their classes."""

    def predict(self, clip: Clip) -> Prediction:
        """B = 1; learnable rows first, then the remembered objects in order, if it has any."""
        ...


class Decoding(TypedDict):
    """What a session asks of each run of the decoder of a UniVS."""

    separation: Separation | None
    temporal_encoding: TemporalEncoding | None
    grounding_average: bool | None


def decoding(config: InferenceConfig) -> Decoding:
    """The part of the settings that overrides how the decoder is configured."""
    return {
        "separation": config.separation,
        "temporal_encoding": config.temporal_encoding,
        "grounding_average": config.grounding_average,
    }


class UniVSPredictor:
    """A UniVS asked for the classes of a session, and about the objects of a prompt memory."""

    def __init__(
        self,
        model: UniVS,
        categories: Categories,
        memory: PromptMemory | None = None,
        config: InferenceConfig | None = None,
    ) -> None:
        """Without a memory there are no objects; without settings the model's own way is taken."""
        self._model = model
        self._decoding = decoding(config or InferenceConfig())
        self._embeddings = categories.embeddings
        self._memory = memory

    def predict(self, clip: Clip) -> Prediction:
        """As :class:`ClipPredictor` says; without objects only learnable queries run."""
        remembers = self._memory is not None and self._memory.ids
        queries = self._memory.queries(clip) if self._memory is not None and remembers else None
        indices = clip.frame_indices[None]
        out = self._model.decode(
            clip.features, indices, queries, self._embeddings, **self._decoding
        )
        return check_finite(out.final, clip)


def check_finite(prediction: Prediction, clip: Clip) -> Prediction:
    """The prediction of a clip as it is. Raises ModelError where a value is NaN or infinite."""
    parts = (prediction.mask_logits, prediction.class_logits, prediction.embeddings)
    finite = [torch.isfinite(part).all() for part in parts if part is not None]
    if not bool(torch.stack(finite).all()):  # one answer of the device, not three
        last = clip.indices[-1]
        raise ModelError(
            f"The model answers frame {last} with values that are no numbers (NaN or infinite), so "
            f"its weights are damaged or not fully trained; take others."
        )
    return prediction
