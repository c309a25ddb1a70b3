"""H.264 video out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import OutputError
from ..types import ImageArray
from .decoding import reason

DEFAULT_FPS = 24.0
"""Rate of a video made of pictures without a clock."""

_CLOCK = Fraction(1, 90000)  # fine enough for every usual rate and for variable ones
_FINEST_RATE = 1001 * 60  # keeps 30000/1001 exact


class VideoWriter:
    """Writes ``path`` as mp4 (libx264, yuv420p), under a hidden name until :meth:`close`.

    An odd width or height is made even by repeating the last column or row. Pictures with a time
    keep it, so a variable frame rate survives; others follow at ``fps``.

    Args:
        path: name of the finished file.
        fps: frames per second, None for 24.

    Raises OutputError where the file or the encoder cannot be opened.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self.path = path
        self.frames = 0
        self._partial = path.with_name(f".{path.name}.part")
        self._rate = Fraction(fps or DEFAULT_FPS).limit_denominator(_FINEST_RATE)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._first_time: float | None = None
        self._next_tick = 0  # where a picture without a time goes
        self._earliest_tick = 0  # encoders want times that rise

    def write(self, image: ImageArray, time: float | None = None) -> None:
        """Adds one [H, W, 3] RGB picture, shown from ``time`` seconds on.

        Raises OutputError where it has another size than the first or the disk refuses it.
        """
        height, width = image.shape[:2]
        if self._container is None or self._stream is None:
            self._open(height, width)
        assert self._container is not None and self._stream is not None
        if (height, width) != self._size:
            raise OutputError(f"{self.path}: all pictures of a video must have one size.")
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        frame.time_base = _CLOCK
        frame.pts = self._tick(time)
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error
        self.frames += 1

    def close(self) -> None:
        """Finishes the file with the pictures written so far; without one nothing is left."""
        container, stream = self._container, self._stream
        self._container = self._stream = None
        if container is None or stream is None:
            return
        try:
            container.mux(stream.encode(None))
            container.close()
            self._partial.replace(self.path)
        except (av.FFmpegError, OSError) as error:
            self._partial.unlink(missing_ok=True)
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error

    def _tick(self, time: float | None) -> int:
        """Presentation time in clock ticks; always later than the one before."""
        if time is None:
            tick = self._next_tick
        else:
            if self._first_time is None:
                self._first_time = time
            tick = max(round((time - self._first_time) / _CLOCK), self._earliest_tick)
        self._next_tick = tick + round(1 / self._rate / _CLOCK)
        self._earliest_tick = tick + 1
        return tick

    def _open(self, height: int, width: int) -> None:
        self._size = (height, width)
        try:
            self._partial.touch()  # libav itself opens the file only with the first packet
            container = av.open(
                str(self._partial), mode="w", format="mp4", options={"movflags": "faststart"}
            )
            stream = container.add_stream(
                "libx264", rate=self._rate, options={"crf": "20", "preset": "veryfast"}
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            self._partial.unlink(missing_ok=True)
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error
        stream.width = width + width % 2
        stream.height = height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _CLOCK
        self._container, self._stream = container, stream
