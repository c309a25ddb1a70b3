"""Smooth camera paths and deformations that turn stills into clips (UniVS supplement B in spirit).

A path says for each frame which part of a source picture is seen: the corners of a grid of cells in
source pixels. The same form serves the camera over a background and the motion of a pasted object.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Path = npt.NDArray[np.float64]
"""[T, G+1, G+1, 2] source position (x, y) of each output grid corner in each frame."""


@dataclass(frozen=True, kw_only=True)
class MotionConfig:
    """How much a still moves from the first to the last frame of a clip.

    Attributes:
        translation: largest shift, as a share of the view's side.
        rotation: largest turn in degrees.
        log_scale: largest change of the logarithm of the scale.
        shear: largest shear.
        deformation: amplitude of the smooth non-rigid part, as a share of the view's side.
        shake: standard deviation of an independent shift of each frame, as a share of the side.
        still: probability that the camera does not move at all.
        cells: cells of the warp grid along a side.
    """

    translation: float = 0.15
    rotation: float = 10.0
    log_scale: float = 0.2
    shear: float = 0.08
    deformation: float = 0.03
    shake: float = 0.004
    still: float = 0.15
    cells: int = 4


@dataclass(frozen=True)
class View:
    """An upright rectangle of a source picture: centre and sides in pixels."""

    x: float
    y: float
    width: float
    height: float


def sample_view(
    rng: np.random.Generator,
    source: tuple[int, int],
    *,
    scale: tuple[float, float] = (0.55, 1.0),
    aspect: float = 0.25,
    focus: tuple[float, float] | None = None,
) -> View:
    """A random crop inside a picture.

    Args:
        source: (height, width) of the picture.
        scale: range of the crop's side relative to the short side.
        aspect: largest absolute logarithm of the aspect ratio.
        focus: (x, y) that the crop contains, if given.
    """
    height, width = source
    side = min(height, width) * float(np.exp(rng.uniform(np.log(scale[0]), np.log(scale[1]))))
    stretch = float(np.exp(rng.uniform(-aspect, aspect) / 2))
    view_w, view_h = min(width, side * stretch), min(height, side / stretch)
    centre = []
    extents, views = (width, height), (view_w, view_h)
    for extent, view, wanted in zip(extents, views, focus or (None, None), strict=True):
        low, high = view / 2, extent - view / 2
        if wanted is not None:  # keep the focus in the inner 80 % of the crop
            low = max(low, min(wanted - 0.4 * view, high))
            high = max(low, min(high, wanted + 0.4 * view))
        centre.append(float(rng.uniform(low, high)))
    return View(centre[0], centre[1], view_w, view_h)


def sample_path(
    rng: np.random.Generator,
    view: View,
    frames: int,
    motion: MotionConfig,
    *,
    flip: bool = False,
    strength: float = 1.0,
) -> Path:
    """A smooth path of T frames that shows ``view`` in the middle of the motion.

    Args:
        view: what the middle of the path shows.
        flip: mirror the picture.
        strength: factor on every amount of motion; 0 gives a fixed view.
    """
    cells = motion.cells
    axis = np.linspace(-0.5, 0.5, cells + 1)
    x, y = np.meshgrid(-axis if flip else axis, axis)
    grid = np.stack([x, y], axis=-1).reshape(-1, 2)  # unit view
    sides = np.array([view.width, view.height])
    centre = np.array([view.x, view.y])
    moving = strength > 0 and frames > 1 and rng.random() >= motion.still
    amount = strength * float(rng.uniform(0.2, 1.0)) if moving else 0.0
    limits = np.array(
        [motion.translation, motion.translation, np.deg2rad(motion.rotation), motion.log_scale,
         motion.shear]
    )  # fmt: skip
    end = rng.uniform(-1, 1, 5) * limits * amount
    bend = rng.uniform(-0.3, 0.3, 5) * limits * amount
    waves = rng.normal(0, 0.5, (2, *grid.shape)) * motion.deformation * amount
    phase = rng.uniform(0, 2 * np.pi)
    shake = rng.normal(0, motion.shake, (frames, 2)) * amount
    path = np.empty((frames, cells + 1, cells + 1, 2))
    for t, time in enumerate(np.linspace(-1, 1, frames) if frames > 1 else [0.0]):
        shift_x, shift_y, turn, zoom, shear = 0.5 * end * time + bend * (1 - time**2)
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.exp(zoom) * np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
        swing = np.pi * time / 2 + phase
        bent = grid + waves[0] * np.sin(swing) + waves[1] * np.cos(swing)
        # The turn acts on pixels, so that objects keep their shape in views that are not square.
        turned = (bent * sides) @ matrix.T
        place = centre + (np.array([shift_x, shift_y]) + shake[t]) * sides
        path[t] = (turned + place).reshape(cells + 1, cells + 1, 2)
    return path
