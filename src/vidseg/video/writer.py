"""H.264 video out."""

from __future__ import annotations

import math
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..errors import OutputError
from ..formats.atomic import replacing
from ..types import ImageArray
from .clock import LONGEST_STEP, sane_rate
from .color_coding import coding_for
from .opener import file_url, reason
from .sound import Sound

DEFAULT_FPS = 24.0
"""Rate of a video made of pictures without a clock."""

_CLOCK = Fraction(1, 90000)  # fine enough for every usual rate and for variable ones
_LONGEST = 1e9  # seconds; keeps ticks within 64 bits
_FINEST_RATE = 1001 * 60  # keeps 30000/1001 exact
_FINEST_ASPECT = 600  # H.264 has 16 bits for each side of a pixel
_FAILURES = (av.FFmpegError, OSError, ValueError, MemoryError)


class VideoWriter:
    """Writes ``path`` as mp4 (libx264, yuv420p), under a hidden name until :meth:`close`.

    Colours are coded and tagged as BT.709 in HD and as BT.601 below. An odd width or height is made
    even by repeating the last column or row. Pictures with a time keep it, so a variable frame
    rate survives; others follow at ``fps``.

    Args:
        path: name of the finished file.
        fps: frames per second; 24 for None and for what cannot be a rate.
        pixel_aspect: width / height of a pixel on a screen.
        sound: what is heard along with pictures that have a time.

    Raises OutputError where the file or the encoder cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None = None,
        *,
        pixel_aspect: Fraction = Fraction(1),
        sound: Sound | None = None,
    ) -> None:
        self.path = path
        self.frames = 0
        self._place = ExitStack()  # holds the hidden name until it is settled
        self._rate = Fraction(sane_rate(fps) or DEFAULT_FPS).limit_denominator(_FINEST_RATE)
        self._pixel_aspect = pixel_aspect.limit_denominator(_FINEST_ASPECT)
        self._sound = sound
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
            self._open(height, width, time)
        assert self._container is not None and self._stream is not None
        if (height, width) != self._size:
            raise OutputError(f"{self.path}: all pictures of a video must have one size.")
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = coding_for(height, width).encode(even)
        frame.time_base = _CLOCK
        frame.pts = self._tick(time)
        try:
            self._container.mux(self._stream.encode(frame))
        except _FAILURES as error:
            raise self._failure(error) from error
        if self._sound is not None:
            self._sound.write_until(float(frame.pts * _CLOCK))
        self.frames += 1

    def close(self) -> None:
        """Finishes the file with the pictures written so far; without one nothing is left."""
        container, stream = self._container, self._stream
        self._container = self._stream = None
        if container is None or stream is None:
            return
        try:
            container.mux(stream.encode(None))
            if self._sound is not None:
                self._sound.write_until(float(self._next_tick * _CLOCK))
                self._sound.close()
            container.close()
        except _FAILURES as error:
            raise self._failure(error) from error
        self._place.close()

    def _failure(self, error: Exception) -> OutputError:
        """What to raise; the unfinished file is taken away."""
        failure = OutputError(f"{self.path} cannot be written: {reason(error)}.")
        self._container = self._stream = None
        self._place.__exit__(type(failure), failure, None)
        return failure

    def _tick(self, time: float | None) -> int:
        """Presentation time in clock ticks; always later than the one before."""
        if time is None or not math.isfinite(time):
            tick = self._next_tick
        else:
            if self._first_time is None:
                self._first_time = time
            asked = round(min(max(time - self._first_time, 0.0), _LONGEST) / _CLOCK)
            latest = self._earliest_tick + round(LONGEST_STEP / _CLOCK)
            tick = min(max(asked, self._earliest_tick), latest)
        self._next_tick = tick + round(1 / self._rate / _CLOCK)
        self._earliest_tick = tick + 1
        return tick

    def _open(self, height: int, width: int, time: float | None) -> None:
        """Opens the file for pictures of one size; a sound that does not fit in is left out."""
        self._size = (height, width)
        partial = self._place.enter_context(replacing(self.path))
        try:
            if self._sound is not None and time is not None and math.isfinite(time):
                try:
                    self._start(partial, self._sound, time)
                    return
                except _FAILURES as error:
                    self._sound.give_up(error)
            self._sound = None
            self._start(partial, None, 0.0)
        except _FAILURES as error:
            raise self._failure(error) from error

    def _start(self, partial: Path, sound: Sound | None, time: float) -> None:
        height, width = (side + side % 2 for side in self._size)
        container = av.open(
            file_url(partial), mode="w", format="mp4", options={"movflags": "faststart"}
        )
        stream = container.add_stream(
            "libx264", rate=self._rate, options={"crf": "20", "preset": "veryfast"}
        )
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _CLOCK
        stream.codec_context.sample_aspect_ratio = self._pixel_aspect
        coding_for(*self._size).tag(stream)
        if sound is not None:
            sound.open(container, time)
        container.start_encoding()
        self._container, self._stream = container, stream
