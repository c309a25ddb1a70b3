"""How colours are coded in video: which matrix and range turn YUV into RGB, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..types import ImageArray

_HD = (1280, 576)
"""As wide as this or higher, a video that does not say otherwise is BT.709; else BT.601."""

_BT601, _BT709 = 5, 1  # matrices as swscale numbers them
_MATRICES = {1: _BT709, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: 9, 10: 9}
"""Matrix of swscale by the matrix that H.273 numbers; 9 is BT.2020."""
_UNTOLD = (0, 2)  # H.273: RGB, which says nothing of YUV; not specified
_LIMITED, _FULL = 1, 2  # ranges as libav numbers them


@dataclass(frozen=True)
class ColorCoding:
    """Numbers of H.273 that a video is tagged with; its range is the limited one."""

    primaries: int
    transfer: int
    matrix: int

    def tag(self, stream: VideoStream) -> None:
        """Says in an output stream how its frames are coded."""
        context = stream.codec_context
        context.color_primaries = self.primaries
        context.color_trc = self.transfer
        context.colorspace = self.matrix
        context.color_range = _LIMITED

    def encode(self, image: ImageArray) -> VideoFrame:
        """[H, W, 3] RGB as 4:2:0; H and W must be even."""
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        coded = frame.reformat(
            format="yuv420p",
            dst_colorspace=_MATRICES[self.matrix],
            src_color_range=_FULL,
            dst_color_range=_LIMITED,
        )
        coded.colorspace, coded.color_range = self.matrix, _LIMITED
        return coded


_SD_CODING = ColorCoding(primaries=6, transfer=6, matrix=6)  # BT.601 (SMPTE 170M)
_HD_CODING = ColorCoding(primaries=1, transfer=1, matrix=1)  # BT.709


def coding_for(height: int, width: int) -> ColorCoding:
    """How a video of this size is written, so that players that read no tags are right as well."""
    return _HD_CODING if _is_hd(height, width) else _SD_CODING


def to_rgb(frame: VideoFrame) -> ImageArray:
    """[H, W, 3] RGB of a decoded frame as it is stored, by its own matrix and range."""
    kind = frame.format.name
    if frame.format.is_rgb or kind.startswith(("gray", "ya8", "ya16", "mono", "pal", "bayer")):
        image = np.asarray(frame.to_ndarray(format="rgb24", src_color_range=_FULL), dtype=np.uint8)
        limited = frame.color_range == _LIMITED and kind.startswith(("gray", "ya"))
        return _expanded(image) if limited else image
    matrix = _MATRICES.get(frame.colorspace)
    if matrix is None:
        matrix = _BT709 if _is_hd(frame.height, frame.width) else _BT601
    full = frame.color_range == _FULL or kind.startswith("yuvj")
    decoded = frame.to_ndarray(
        format="rgb24",
        src_colorspace=matrix,
        src_color_range=_FULL if full else _LIMITED,
        dst_color_range=_FULL,
    )
    return np.asarray(decoded, dtype=np.uint8)


def matrix_note(frame: VideoFrame) -> list[str]:
    """A remark where the frame is coded by a matrix that is not known here."""
    if frame.format.is_rgb or frame.colorspace in _MATRICES or frame.colorspace in _UNTOLD:
        return []
    guess = "BT.709" if _is_hd(frame.height, frame.width) else "BT.601"
    return [
        f"its colours are coded by matrix {frame.colorspace} of H.273, which is not known here, "
        f"and are read as {guess}"
    ]


def _is_hd(height: int, width: int) -> bool:
    return width >= _HD[0] or height > _HD[1]


def _expanded(image: ImageArray) -> ImageArray:
    """Grey of 16 to 235 as 0 to 255."""
    levels = np.clip((np.arange(256) - 16) * (255 / 219), 0, 255).round().astype(np.uint8)
    expanded: ImageArray = levels[image]
    return expanded
