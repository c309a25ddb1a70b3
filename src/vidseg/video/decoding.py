"""Frames out of anything that libav opens: shared by video files, cameras and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import SourceError
from ..limits import check_size
from ..types import ImageArray
from .base import Picture
from .clock import Clock, Pace, frame_rate
from .color_coding import to_rgb
from .opener import demuxed, reason
from .orientation import orientation_of

_MOST_DAMAGED_IN_A_ROW = 100  # packets; about three seconds of a live stream
_NO_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails
"""Covers and preview pictures: streams that libav counts as video, too."""


def video_streams(container: InputContainer) -> list[VideoStream]:
    """The video streams, the one to be read first: libav's best one that is no cover."""
    streams = [s for s in container.streams.video if not s.disposition & _NO_VIDEO]
    best = container.streams.best("video")
    return sorted(
        streams,
        key=lambda s: (
            s.codec_context is None,
            s.index != (-1 if best is None else best.index),
            not s.disposition & Disposition.default,
        ),
    )


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The stream that is read. SourceError, and the container closed, where there is none.

    Frames are decoded one by one: threads that work on several at once report damage late, and
    at the end of a file not at all.
    """
    streams = video_streams(container)
    try:
        if not streams:
            raise SourceError(f"{name} holds no video stream.")
        stream = streams[0]
        if stream.codec_context is None:
            raise SourceError(f"{name} holds a video whose codec is not known here.")
        if stream.width or stream.height:
            check_size(stream.width, stream.height, f"The video {name}", SourceError)
    except SourceError:
        container.close()
        raise
    stream.thread_type = "SLICE"
    return stream


def to_image(frame: VideoFrame) -> ImageArray:
    """[H, W, 3] RGB of a decoded frame, the way up that its display matrix says."""
    return orientation_of(frame).apply(to_rgb(frame))


def first_frame(container: InputContainer, stream: VideoStream, name: str) -> VideoFrame:
    """The first frame that decodes. Raises SourceError where there is none."""
    reading = Reading()
    try:
        frame = next(_frames(container, stream, reading, live=False), None)
    except _BrokenOffError as error:
        raise SourceError(f"{name} breaks off before the first frame: {error}.") from error
    if frame is None and reading.skipped:
        raise SourceError(f"{name} holds no frame that decodes: {reading.reason}.")
    if frame is None:
        raise SourceError(f"{name} is a video without a single frame.")
    check_size(frame.width, frame.height, f"The video {name}", SourceError)
    return frame


def shown_size(frame: VideoFrame) -> tuple[int, int]:
    """(height, width) the way up that it is shown."""
    return orientation_of(frame).size(frame.height, frame.width)


def stamp(frame: VideoFrame, stream: VideoStream) -> float | None:
    """Seconds on the clock of the container, None where it does not say."""
    if frame.pts is None or not stream.time_base:
        return None
    return float(frame.pts * stream.time_base)


def _loader(frame: VideoFrame, index: int, name: str) -> Callable[[], ImageArray]:
    def load() -> ImageArray:
        check_size(frame.width, frame.height, f"Frame {index} of {name}", SourceError)
        try:
            return to_image(frame)
        except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
            raise SourceError(
                f"{name}: frame {index} is of the kind {frame.format.name}, which cannot be made "
                f"RGB: {reason(error)}."
            ) from error

    return load


@dataclass
class Reading:
    """What came of reading a stream so far.

    Attributes:
        packets: those of the stream that the container gave, sound or not.
        skipped: packets that were damaged and are left out.
        marred: frames that are delivered, but that the decoder had to mend.
        seconds: where the last packet ends, on the clock of the container.
        reason: libav's words for the last damage.
        pace: the steps between the frames.
        ended: whether the end of the stream was reached.
    """

    packets: int = 0
    skipped: int = 0
    marred: int = 0
    seconds: float = 0.0
    reason: str = ""
    pace: Pace = field(default_factory=Pace)
    ended: bool = False

    def take(self, packet: Packet[VideoStream]) -> None:
        """Counts a packet, sound or not."""
        self.packets += 1
        if packet.pts is not None and packet.time_base:
            ticks = packet.pts + (packet.duration or 0)
            self.seconds = max(self.seconds, float(ticks * packet.time_base))

    def skip(self, reason: str) -> None:
        """Counts a damaged packet."""
        self.skipped += 1
        self.reason = reason

    def notes(self) -> list[str]:
        """What a user must know: half-sentences about the source."""
        notes = []
        if self.skipped:
            is_or_are = "packet is" if self.skipped == 1 else "packets are"
            notes.append(f"{self.skipped} damaged {is_or_are} left out ({self.reason})")
        lacking = self.pace.missing() - self.skipped
        if self.ended and lacking > 0:
            is_or_are = "frame is" if lacking == 1 else "frames are"
            notes.append(f"by the times of the others, {lacking} {is_or_are} lacking")
        if self.marred:
            is_or_are = "frame is" if self.marred == 1 else "frames are"
            notes.append(f"{self.marred} {is_or_are} shown with errors")
        return notes


def pictures(
    container: InputContainer, stream: VideoStream, reading: Reading, *, name: str, live: bool
) -> Iterator[Picture]:
    """Decodes ``stream`` to its end; damaged packets are left out and counted in ``reading``.

    Times are those of :class:`Clock`. Raises SourceError where reading itself fails, and of a live
    stream of which nothing decodes for a hundred packets.
    """
    clock = Clock(frame_rate(stream))
    index = -1
    try:
        for index, frame in enumerate(_frames(container, stream, reading, live)):
            reading.marred += frame.is_corrupt
            time = clock.time(stamp(frame, stream))
            reading.pace.follow(time)
            yield Picture(index, time, _loader(frame, index, name))
    except _BrokenOffError as error:
        after = f"after frame {index}" if index >= 0 else "before the first frame"
        raise SourceError(f"{name} breaks off {after}: {error}.") from error
    reading.ended = True


class _BrokenOffError(Exception):
    """Nothing more can be read; the text is the reason."""


def _frames(
    container: InputContainer, stream: VideoStream, reading: Reading, live: bool
) -> Iterator[VideoFrame]:
    """Decoded frames in display order."""
    in_a_row = 0
    for packet in _packets(container, stream, reading):
        try:
            if packet is not None and packet.is_corrupt:
                raise _CutShortError
            frames = stream.decode(packet)
            in_a_row = 0
        except _CutShortError:
            frames = []
            reading.skip("cut short")
            in_a_row += 1
        except (av.FFmpegError, ValueError, MemoryError) as error:
            frames = []
            if packet is not None:
                reading.skip(reason(error))
            in_a_row += 1
        yield from frames
        if live and in_a_row >= _MOST_DAMAGED_IN_A_ROW:
            raise _BrokenOffError(reading.reason)


class _CutShortError(Exception):
    """A packet of which a part is missing."""


def _packets(
    container: InputContainer, stream: VideoStream, reading: Reading
) -> Iterator[Packet[VideoStream] | None]:
    """All packets of a stream, then None, which empties the decoder.

    What the container itself cannot make out is left out like a damaged packet; it is asked for the
    next one, but not without end.
    """
    failed_in_a_row = 0
    while failed_in_a_row < _MOST_DAMAGED_IN_A_ROW:
        try:
            for packet in demuxed(container, stream):
                if packet.size:  # the last ones are empty
                    reading.take(packet)
                    failed_in_a_row = 0
                    yield packet
            break
        except av.InvalidDataError as error:
            reading.skip(reason(error))
            failed_in_a_row += 1
        except (av.FFmpegError, OSError) as error:
            raise _BrokenOffError(reason(error)) from error
    yield None
