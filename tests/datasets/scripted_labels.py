"""Labels made up in a test, behind the same protocol as those of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vidseg.labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from vidseg.results import encode_rle
from vidseg.types import ImageArray

SIZE = (4, 6)  # height, width


def boxes(
    void: tuple[int, int] | None = None, /, size: tuple[int, int] = SIZE, **columns: tuple[int, int]
) -> FrameLabels:
    """A frame whose object N covers whole columns: ``boxes(_1=(0, 2))``; void likewise."""

    def cover(first: int, last: int) -> np.ndarray:
        mask = np.zeros(size, dtype=bool)
        mask[:, first:last] = True
        return mask

    return FrameLabels(
        size,
        {int(name[1:]): encode_rle(cover(*span)) for name, span in columns.items()},
        None if void is None else encode_rle(cover(*void)),
    )


@dataclass
class ScriptedLabels:
    """One video for each list of frames."""

    frames: Sequence[Sequence[FrameLabels | None]]
    objects: Sequence[Sequence[LabelTrack]]
    categories: tuple[Category, ...] = ()
    said: Mapping[int, tuple[Sentence, ...]] = field(default_factory=dict)
    name: str = "made up"

    @property
    def videos(self) -> Sequence[VideoInfo]:
        return [
            VideoInfo(f"video{number}", tuple(f"{frame:05}" for frame in range(len(frames))), SIZE)
            for number, frames in enumerate(self.frames)
        ]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        return tuple(self.objects[video])

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        return self.said.get(video, ())

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        return self.frames[video][frame]

    def picture(self, video: int, frame: int) -> ImageArray:
        return np.full((*SIZE, 3), 120, np.uint8)
