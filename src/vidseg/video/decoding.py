"""Frames out of anything that libav opens: shared by video files, cameras and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import SourceError
from ..types import ImageArray
from .base import Picture

_QUARTER_TURN = 90
_MOST_DAMAGED_IN_A_ROW = 100  # packets; about three seconds of a live stream


def reason(error: Exception) -> str:
    """libav's own words for what went wrong, without its error number and call."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The first video stream, set to decode on several threads. SourceError if there is none."""
    if not container.streams.video:
        container.close()
        raise SourceError(f"{name} holds no video stream.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


def to_image(frame: VideoFrame) -> ImageArray:
    """[H, W, 3] RGB of a decoded frame, turned upright as its metadata says."""
    image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    turns = round(frame.rotation / _QUARTER_TURN) % 4  # metadata and np.rot90: counter-clockwise
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def _upright(frame: VideoFrame) -> Callable[[], ImageArray]:
    return lambda: to_image(frame)


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """(height, width) after rotation."""
    if round(frame.rotation / _QUARTER_TURN) % 2:
        return frame.width, frame.height
    return frame.height, frame.width


def pictures(
    container: InputContainer, stream: VideoStream, *, name: str, live: bool
) -> Iterator[Picture]:
    """Decodes ``stream`` to its end.

    Times count from the first frame and are the container's own, so that variable frame rates are
    kept. A damaged packet ends a file: frames before it are delivered, then SourceError says where
    it broke off. In a live stream lost packets are ordinary; they are skipped unless nothing
    decodes for a hundred packets.
    """
    fps = stream.average_rate or stream.guessed_rate
    first_time: float | None = None
    index = 0
    damaged = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            damaged += 1
            if not live or damaged >= _MOST_DAMAGED_IN_A_ROW:
                raise _broken(name, index, reason(error)) from error
            continue
        damaged = 0
        for frame in frames:
            time = frame.time
            if time is None:
                time = index / float(fps) if fps else None
            elif first_time is None:
                first_time = time
            yield Picture(
                index, None if time is None else time - (first_time or 0), _upright(frame)
            )
            index += 1
        if packet.is_corrupt and not live:
            raise _broken(name, index, "the file is cut short")


def _broken(name: str, index: int, why: str) -> SourceError:
    if index == 0:
        return SourceError(f"{name} holds no frame that decodes: {why}.")
    return SourceError(f"{name} is damaged: {why} after frame {index - 1}.")
