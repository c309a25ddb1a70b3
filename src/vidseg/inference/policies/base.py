"""What a task policy is given, and what it must give back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ...models.decoder.tensors import FrameFeatures
from ...prompts import Prompt
from ...results import FrameResult, Track
from ..frame_geometry import FrameGeometry


@dataclass(frozen=True, eq=False)
class Categories:
    """The K classes of a session.

    Attributes:
        names: as the user wrote them.
        is_thing: one flag a class, False for stuff.
        embeddings: [K, D_t] text embeddings, on the device of the model.
    """

    names: tuple[str, ...]
    is_thing: tuple[bool, ...]
    embeddings: Tensor


@dataclass(frozen=True, eq=False)
class Clip:
    """T consecutive frames of the stream, encoded.

    Attributes:
        features: of the T frames, T = ``len(clip)``. A tail may be shorter than configured.
        start: position in the stream (0, 1, 2, ...) of the first frame; this is the slot number
            of the memory.
        new: how many of the last frames were in no clip before.
        frame_indices: [T] temporal coordinates for the decoder.
        indices: index of each frame in the source (differs from the position under ``--stride``).
        times: seconds of each frame in the source.
        geometry: sizes of source, resized and padded picture, and the ways between them.
    """

    features: FrameFeatures
    start: int
    new: int
    frame_indices: Tensor
    indices: tuple[int, ...]
    times: tuple[float | None, ...]
    geometry: FrameGeometry

    def __len__(self) -> int:
        return len(self.indices)

    def frame(self, t: int) -> Clip:
        """One of the frames as a clip of its own, new."""
        return Clip(
            features=self.features[t : t + 1],
            start=self.start + t,
            new=1,
            frame_indices=self.frame_indices[t : t + 1],
            indices=self.indices[t : t + 1],
            times=self.times[t : t + 1],
            geometry=self.geometry,
        )

    @property
    def stop(self) -> int:
        """Position in the stream after the last frame."""
        return self.start + len(self)


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
