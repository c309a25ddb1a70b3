"""Results painted over their frames: a video, or a picture where the source is one picture."""

from __future__ import annotations

from pathlib import Path

from ..results import FrameResult
from ..types import Frame, ImageArray
from ..video.base import Source
from ..video.draw import DEFAULT_STYLE, OverlayStyle, draw_overlay
from ..video.writer import VideoWriter
from .atomic import save_png
from .output_places import prepare_folder


class OverlayWriter:
    """``overlay.mp4`` in H.264, with the rate, the pixel aspect and the sound of the source."""

    def __init__(self, path: Path, source: Source, *, style: OverlayStyle = DEFAULT_STYLE) -> None:
        self.style = style
        prepare_folder(path.parent)
        self._video = VideoWriter(
            path, source.fps, pixel_aspect=source.pixel_aspect, sound=source.sound()
        )

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Adds one painted frame."""
        self._video.write(self.paint(frame, result), result.time)

    def paint(self, frame: Frame, result: FrameResult) -> ImageArray:
        """The [H, W, 3] picture of one frame."""
        return draw_overlay(frame.image, result, self.style)

    def close(self) -> None:
        """Finishes the video."""
        self._video.close()


class OverlayPictureWriter:
    """``overlay.png``: the painted frame of a source that is a single picture."""

    def __init__(self, path: Path, *, style: OverlayStyle = DEFAULT_STYLE) -> None:
        self.path = path
        self.style = style
        prepare_folder(path.parent)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Writes the picture at once."""
        save_png(draw_overlay(frame.image, result, self.style), self.path)

    def close(self) -> None:
        """Nothing is left to do."""
