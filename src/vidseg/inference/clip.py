"""What a task policy is given: the classes of a session, and clips of encoded frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..models.decoder.tensors import FrameFeatures
from .frame_geometry import FrameGeometry


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
