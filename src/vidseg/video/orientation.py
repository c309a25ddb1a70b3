"""Which way up frames are shown: the display matrix of a video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from ..types import ImageArray

_LEANING = 0.1  # of an axis onto the other, as far as it still counts as straight: six degrees

_UNEVEN = 0.01  # of the scale, as in libav


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to lay a picture: exchange its axes, then mirror it.

    Attributes:
        transposed: x and y change places.
        mirrored_x, mirrored_y: left and right, top and bottom change places, after that.
        stretched: the video is scaled more in one direction than in the other. libav tells that as
            the shape of pixels as they are shown, and any other shape of pixels as it is stored.
        known: False where the video asks for something else than the eight, which is not done.
    """

    transposed: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False
    stretched: bool = False
    known: bool = True

    def apply(self, image: ImageArray) -> ImageArray:
        """[H, W, 3] as it is shown; [W, H, 3] where the axes are exchanged."""
        turned = image.transpose(1, 0, 2) if self.transposed else image
        turned = turned[:, ::-1] if self.mirrored_x else turned
        turned = turned[::-1] if self.mirrored_y else turned
        return np.ascontiguousarray(turned)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) as shown."""
        return (width, height) if self.transposed else (height, width)


UPRIGHT = Orientation()
_UNKNOWN = Orientation(known=False)


def orientation_of(frame: VideoFrame) -> Orientation:
    """What the display matrix of a frame asks for; upright where there is none."""
    found = cast("Mapping[Type, SideData]", frame.side_data)
    matrix = found.get(Type.DISPLAYMATRIX)
    return UPRIGHT if matrix is None else read_matrix(bytes(matrix))


def read_matrix(data: bytes) -> Orientation:
    """The orientation that a display matrix means.

    Nine 32-bit numbers a b u, c d v, x y w in the machine's order; a point (p, q) of the stored
    picture is shown at (a p + c q, b p + d q), x to the right and y down. Scale is left out: pixels
    stay those that are stored.
    """
    if len(data) != 36:
        return _UNKNOWN
    a, b, _, c, d, *_ = (float(value) for value in np.frombuffer(data, dtype=np.int32))
    wide, high = math.hypot(a, c), math.hypot(b, d)
    stretched = abs(wide - high) > _UNEVEN * high
    if _straight(a, b) and _straight(d, c):
        return Orientation(mirrored_x=a < 0, mirrored_y=d < 0, stretched=stretched)
    if _straight(b, a) and _straight(c, d):
        return Orientation(transposed=True, mirrored_x=c < 0, mirrored_y=b < 0, stretched=stretched)
    return _UNKNOWN


def _straight(along: float, across: float) -> bool:
    return along != 0 and abs(across) <= _LEANING * abs(along)
