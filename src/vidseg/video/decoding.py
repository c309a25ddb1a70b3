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
    rate = stream.average_rate or stream.guessed_rate
    first_time: float | None = None
    index = -1
    try:
        for index, frame in enumerate(_frames(container, stream, live)):
            time = frame.time
            if time is None:
                time = index / float(rate) if rate else None
            elif first_time is None:
                first_time = time
            shown = None if time is None else time - (first_time or 0.0)
            yield Picture(index, shown, _upright(frame))
    except _DamageError as damage:
        if index < 0:
            raise SourceError(f"{name} holds no frame that decodes: {damage}.") from damage
        raise SourceError(f"{name} is damaged: {damage} after frame {index}.") from damage


class _DamageError(Exception):
    """libav cannot go on; the text is its reason."""


def _frames(container: InputContainer, stream: VideoStream, live: bool) -> Iterator[VideoFrame]:
    """Decoded frames in display order; _DamageError behind the last one before a damage."""
    damaged_in_a_row = 0
    for packet in container.demux(stream):
        damage = "the file is cut short" if packet.is_corrupt else ""
        try:
            yield from packet.decode()
            damaged_in_a_row = 0
        except av.FFmpegError as error:
            damage = reason(error)
            damaged_in_a_row += 1
        if damage and (not live or damaged_in_a_row >= _MOST_DAMAGED_IN_A_ROW):
            yield from _rest(stream)
            raise _DamageError(damage)


def _rest(stream: VideoStream) -> list[VideoFrame]:
    """What the decoder's threads still hold back."""
    try:
        return stream.decode(None)
    except av.FFmpegError:
        return []  # the damage itself is reported by the caller
