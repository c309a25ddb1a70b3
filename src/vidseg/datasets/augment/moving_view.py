"""A square crop that moves smoothly over stills and keeps the motion of real clips."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..clips.frame_sampling import random_labelled_pixel
from .cameras import MeshCamera, Shot
from .pseudo_video import MotionConfig, sample_path, sample_view

_OVER_REAL_MOTION = 0.3  # strength of the pretended motion where frames move by themselves


@dataclass(frozen=True, kw_only=True)
class MovingView:
    """The light augmentation of the small models.

    Attributes:
        side: of the square in pixels.
        scale: range of the crop's side relative to the short side of the picture.
        motion: of stills.
    """

    side: int
    scale: tuple[float, float] = (0.55, 1.0)
    motion: MotionConfig = field(default_factory=MotionConfig)

    def cameras(self, shot: Shot, flip: bool, rng: np.random.Generator) -> list[MeshCamera]:
        """One camera for each of the T frames; the clip looks at a random region."""
        focus = random_labelled_pixel(shot.ids, rng)
        view = sample_view(rng, shot.sizes[0], scale=self.scale, focus=focus)
        strength = _OVER_REAL_MOTION if shot.moving else 1.0
        frames = len(shot.sizes)
        path = sample_path(rng, view, frames, self.motion, flip=flip, strength=strength)
        return [MeshCamera(nodes=nodes, side=self.side) for nodes in path]
