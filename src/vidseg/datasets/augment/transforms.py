"""Picture transforms of training clips: colour jitter and mesh warps, on PIL for speed.

Warps are given as the source position of the corners of a G×G grid of cells, so that one mechanism
covers crops, affine motion and smooth deformation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Nodes = npt.NDArray[np.float64]
"""[G+1, G+1, 2] source position (x, y) in pixels of each output grid corner, row-major."""

_GREY = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class ColourChange:
    """A colour matrix and a gamma, the same for a whole frame."""

    matrix: tuple[float, ...]
    gamma: float
    blur: float = 0.0

    def __call__(self, image: Image.Image) -> Image.Image:
        changed = image.convert("RGB", self.matrix)
        table = (255.0 * (np.arange(256) / 255.0) ** self.gamma).round().astype(int).tolist()
        changed = changed.point(table * 3)
        return changed.filter(ImageFilter.GaussianBlur(self.blur)) if self.blur > 0 else changed


def sample_colour_changes(
    rng: np.random.Generator, frames: int, strength: float = 0.2, drift: float = 0.15
) -> list[ColourChange]:
    """One colour change for the clip with a slow drift over its frames.

    Args:
        strength: half range of brightness, contrast and saturation around 1; 0 changes nothing.
        drift: largest gain or loss of brightness and contrast over the clip, as a share of it.
    """
    base = 1 + rng.uniform(-strength, strength, 3)  # brightness, contrast, saturation
    slope = strength * np.append(rng.uniform(-drift, drift, 2), 0.0)
    gains = 1 + rng.uniform(-strength, strength, 3) / 4  # white balance
    gamma = float(np.exp(rng.uniform(-strength, strength)))
    blurred = strength > 0 and rng.random() < 0.1
    blur = float(rng.uniform(0.4, 1.2)) if blurred else 0.0
    changes = []
    for position in np.linspace(-1, 1, frames):
        brightness, contrast, saturation = base + slope * position
        mix = saturation * np.eye(3) + (1 - saturation) * _GREY[None, :]
        colours = brightness * contrast * gains[:, None] * mix
        offset = np.full((3, 1), 128 * (1 - contrast))
        matrix = tuple(np.concatenate([colours, offset], axis=1).ravel().tolist())
        changes.append(ColourChange(matrix, gamma, blur))
    return changes


def warp(
    image: Image.Image, nodes: Nodes, size: int, *, smooth: bool, fill: tuple[int, ...] | int
) -> Image.Image:
    """Draws a square view of a picture.

    Args:
        nodes: where in ``image`` the corners of the output grid lie.
        size: side of the output in pixels, a multiple of the number of cells.
        smooth: bilinear (pictures, alpha) or nearest (id maps).
        fill: value of what lies outside the source.
    """
    cells = nodes.shape[0] - 1
    edges = [round(i * size / cells) for i in range(cells + 1)]
    mesh = []
    for row in range(cells):
        for column in range(cells):
            box = (edges[column], edges[row], edges[column + 1], edges[row + 1])
            corners = (
                nodes[row, column],
                nodes[row + 1, column],
                nodes[row + 1, column + 1],
                nodes[row, column + 1],
            )
            mesh.append((box, tuple(float(v) for corner in corners for v in corner)))
    resample = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return image.transform(
        (size, size), Image.Transform.MESH, mesh, resample=resample, fillcolor=fill
    )
