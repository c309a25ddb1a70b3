"""How one frame of a clip is drawn from its source: by an affine map, or by a mesh.

The whole chain of mirroring, turning, scaling and cropping is one map from the output back to the
source, so that every frame is resampled once and nothing larger than the output is ever drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from ..clips.schema import SmallIdMap
from .transforms import Nodes, warp

Fill = tuple[int, int, int]

PADDING: Fill = (124, 116, 104)
"""Colour of what lies outside of a picture: about zero once it is normalised."""


@dataclass(frozen=True, eq=False)
class Shot:
    """What is known of a clip before its frames are drawn.

    Attributes:
        sizes: (height, width) of each of the T sources in pixels.
        ids: id map of the first frame.
        moving: its frames come from different frames of a video.
    """

    sizes: Sequence[tuple[int, int]]
    ids: SmallIdMap
    moving: bool


class Camera(Protocol):
    """Draws pictures and id maps of one frame alike."""

    def picture(self, image: Image.Image, fill: Fill) -> Image.Image:
        """The RGB view, smoothly resampled; ``fill`` outside of the source."""
        ...

    def ids(self, ids: Image.Image) -> Image.Image:
        """The view of an id map (mode "L"), nearest pixel; 0 outside of the source."""
        ...


@dataclass(frozen=True, kw_only=True)
class AffineCamera:
    """Mirrors, turns about a point, scales, and cuts out a rectangle, in this order.

    Attributes:
        size: (height, width) of the output in pixels.
        scale: output pixels a source pixel.
        flip: mirror left and right.
        angle: in degrees, counter-clockwise.
        centre: (x, y) of the turn, as a share of width and height.
        offset: (x, y) of the output's corner in the scaled picture, in pixels.
        detail: pixels a source pixel that remain where the picture is first made smaller and then
            larger again; None: ``scale``.
    """

    size: tuple[int, int]
    scale: float
    flip: bool = False
    angle: float = 0.0
    centre: tuple[float, float] = (0.5, 0.5)
    offset: tuple[float, float] = (0.0, 0.0)
    detail: float | None = None

    def picture(self, image: Image.Image, fill: Fill) -> Image.Image:
        """See :class:`Camera`. What is made smaller is averaged first, so that nothing flickers."""
        width, height = image.size
        shrink = min(1.0, self.scale, self.detail or self.scale)
        if shrink < 1:
            small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            image = image.resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0)
        return self._transform(image, (width, height), Image.Resampling.BILINEAR, fill)

    def ids(self, ids: Image.Image) -> Image.Image:
        """See :class:`Camera`."""
        return self._transform(ids, ids.size, Image.Resampling.NEAREST, 0)

    def _transform(
        self,
        image: Image.Image,
        source: tuple[int, int],
        resample: Image.Resampling,
        fill: Fill | int,
    ) -> Image.Image:
        """Draws ``image``, which shows the source of (width, height) pixels at any resolution."""
        matrix = self.matrix(source)
        matrix[0] *= image.width / source[0]
        matrix[1] *= image.height / source[1]
        return image.transform(
            self.size[::-1],
            Image.Transform.AFFINE,
            tuple(matrix.ravel().tolist()),
            resample=resample,
            fillcolor=fill,
        )

    def matrix(self, source: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """[2, 3] map from (x, y, 1) of the output to (x, y) of a source of (width, height)."""
        turn = np.deg2rad(self.angle)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        middle = np.array(self.centre) * source
        # A picture turned counter-clockwise is read clockwise; y points down.
        back = np.array([[cos, -sin], [sin, cos]])
        matrix = np.empty((2, 3))
        matrix[:, :2] = back / self.scale
        matrix[:, 2] = back @ (np.array(self.offset) / self.scale - middle) + middle
        if self.flip:
            matrix[0] *= -1
            matrix[0, 2] += source[0]
        return matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class MeshCamera:
    """A square view whose grid corners may lie anywhere in the source.

    Attributes:
        nodes: position of the corners, see :func:`vidseg.datasets.augment.transforms.warp`.
        side: of the output in pixels.
    """

    nodes: Nodes
    side: int

    def picture(self, image: Image.Image, fill: Fill) -> Image.Image:
        """See :class:`Camera`."""
        return warp(image, self.nodes, self.side, smooth=True, fill=fill)

    def ids(self, ids: Image.Image) -> Image.Image:
        """See :class:`Camera`."""
        return warp(ids, self.nodes, self.side, smooth=False, fill=0)
