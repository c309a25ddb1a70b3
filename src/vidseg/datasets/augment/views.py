"""What part of the frames of a clip is seen, and how large: three kinds of views.

Large-scale jittering with a smooth turn (UniVS supplement B; Ghiasi et al., 2021): a clip is
mirrored as a whole, turned by angles that grow or fall over its frames, scaled by much, and then
either cut out or padded to a square, or brought to a length of its short side. The small models
see a square crop that moves smoothly over stills and keeps the motion of real clips.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..clips.schema import SmallIdMap
from .cameras import AffineCamera, MeshCamera, Shot
from .pseudo_video import MotionConfig, sample_path, sample_view

_JITTER = 0.1  # of the square's side: how far the cut-outs of later frames lie from the first
_OVER_REAL_MOTION = 0.3  # strength of the pretended motion where frames move by themselves
_MIDDLE = (0.4, 0.6)  # range of the centre of the turn


@dataclass(frozen=True, kw_only=True)
class LargeScaleJitter:
    """Squares: padded where the scaled picture is smaller, else cut out.

    Attributes:
        side: of the square in pixels.
        scale: range of the scale. At 1 the picture just fits into the square.
        independent: draw it for every frame separately, not once for the clip.
        rotation: largest turn in degrees.
    """

    side: int
    scale: tuple[float, float] = (0.25, 4.0)
    independent: bool = True
    rotation: float = 15.0

    def cameras(self, shot: Shot, flip: bool, rng: np.random.Generator) -> list[AffineCamera]:
        """One camera for each of the T frames."""
        sizes = shot.sizes
        angles, centre = smooth_turn(len(sizes), self.rotation, rng)
        factors = _factors(len(sizes), self.scale, self.independent, rng)
        place = rng.random(2)  # the same share of what can be cut off, in all frames
        cameras = []
        for t, (height, width) in enumerate(sizes):
            scale = factors[t] * self.side / max(height, width)
            spare = np.maximum(np.array([width, height]) * scale - self.side, 0)
            offset = place * spare
            if t:
                offset = offset + rng.uniform(-_JITTER, _JITTER, 2) * self.side
            x, y = np.clip(offset, 0, spare).tolist()
            cameras.append(
                AffineCamera(
                    size=(self.side, self.side),
                    scale=scale,
                    flip=flip,
                    angle=angles[t],
                    centre=centre,
                    offset=(x, y),
                )
            )
        return cameras


@dataclass(frozen=True, kw_only=True)
class ShortSide:
    """Whole pictures at one of several sizes; the jitter of the scale costs sharpness alone.

    Attributes:
        short_sides: lengths of the short side in pixels; each clip gets one of them.
        long_side: limit in pixels; the short side becomes shorter where it would be passed.
        scale: range of the scale that a picture is seen at before, 1 being the one at which it
            fits into a square of ``side``.
        side: in pixels.
        rotation: largest turn in degrees.
    """

    short_sides: tuple[int, ...]
    long_side: int
    scale: tuple[float, float] = (0.25, 4.0)
    side: int = 1024
    rotation: float = 15.0

    def cameras(self, shot: Shot, flip: bool, rng: np.random.Generator) -> list[AffineCamera]:
        """One camera for each of the T frames; all have the output size of the first one."""
        sizes = shot.sizes
        angles, centre = smooth_turn(len(sizes), self.rotation, rng)
        factors = _factors(len(sizes), self.scale, True, rng)
        short = int(rng.choice(self.short_sides))
        fits = [min(short / min(size), self.long_side / max(size)) for size in sizes]
        height, width = sizes[0]
        output = (max(1, round(height * fits[0])), max(1, round(width * fits[0])))
        return [
            AffineCamera(
                size=output,
                scale=fits[t],
                flip=flip,
                angle=angles[t],
                centre=centre,
                detail=factors[t] * self.side / max(size),
            )
            for t, size in enumerate(sizes)
        ]


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
        focus = _random_labelled_pixel(shot.ids, rng)
        view = sample_view(rng, shot.sizes[0], scale=self.scale, focus=focus)
        strength = _OVER_REAL_MOTION if shot.moving else 1.0
        frames = len(shot.sizes)
        path = sample_path(rng, view, frames, self.motion, flip=flip, strength=strength)
        return [MeshCamera(nodes=nodes, side=self.side) for nodes in path]


def smooth_turn(
    frames: int, most: float, rng: np.random.Generator
) -> tuple[list[float], tuple[float, float]]:
    """T angles that only grow or only fall, and the centre that all frames are turned about.

    Args:
        most: largest angle in degrees, either way.
    """
    angles = np.sort(rng.uniform(-most, most, frames))
    x, y = rng.uniform(*_MIDDLE, 2).tolist()
    order = 1 if rng.random() < 0.5 else -1
    return [float(angle) for angle in angles[::order]], (x, y)


def _factors(
    frames: int, scale: tuple[float, float], independent: bool, rng: np.random.Generator
) -> list[float]:
    drawn = [float(rng.uniform(*scale)) for _ in range(frames if independent else 1)]
    return drawn if independent else drawn * frames


def _random_labelled_pixel(ids: SmallIdMap, rng: np.random.Generator) -> tuple[float, float] | None:
    """(x, y) in a random region, so that small regions are looked at as often as large ones."""
    coarse = ids[::4, ::4]
    present = np.unique(coarse)
    present = present[present > 0]
    if not len(present):
        return None
    ys, xs = np.nonzero(coarse == rng.choice(present))
    pick = int(rng.integers(len(ys)))
    return float(4 * xs[pick]), float(4 * ys[pick])
