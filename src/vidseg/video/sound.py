"""The sound of a video file on its way into a video that is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from ..errors import SourceError
from .opener import demuxed, open_file, reason

_COPIED = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Codecs that players expect in an mp4; others are encoded anew as AAC."""
_AAC_RATES = frozenset(
    {7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
)
_USUAL_RATE = 48000

_FAILURES = (av.FFmpegError, SourceError, OSError, ValueError, MemoryError)


def has_sound(container: InputContainer) -> bool:
    """Whether there is an audio stream that can be read."""
    return _stream(container) is not None


class Sound:
    """The sound of a file from one moment on, packet by packet as the pictures go on.

    It never keeps a video from being written: what goes wrong ends the sound and is a note.

    Args:
        path: the file.
        begins_at: seconds on the clock of the file at which the time of its frames is 0.
    """

    def __init__(self, path: Path, begins_at: float) -> None:
        self._path = path
        self._begins_at = begins_at
        self._container: InputContainer | None = None
        self._output: OutputContainer | None = None
        self._coming: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None
        self.notes: tuple[str, ...] = ()

    def open(self, output: OutputContainer, begin: float) -> None:
        """Adds a stream to ``output``, whose time 0 is at ``begin`` seconds of the frames."""
        try:
            self._container = open_file(self._path)
            stream = _stream(self._container)
            if stream is None:
                raise SourceError("there is none")
            start = Fraction(self._begins_at + begin).limit_denominator(10**6)
            make = _copied if stream.codec_context.codec.canonical_name in _COPIED else _encoded
            self._coming = make(self._container, stream, output, start)
            self._output = output
            self._next = next(self._coming, None)
        except _FAILURES as error:
            self.give_up(error)

    def write_until(self, end: float) -> None:
        """Writes what begins before ``end`` seconds of the output."""
        try:
            while self._output is not None and self._next is not None:
                packet = self._next
                if packet.pts is not None and packet.pts * packet.time_base >= end:
                    return
                self._output.mux(packet)
                self._next = next(self._coming, None)
        except _FAILURES as error:
            self.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Ends the sound here, with a note."""
        self.notes = (f"its sound is not kept whole: {reason(error)}",)
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._output = self._next = None
        self._coming = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None


def _stream(container: InputContainer) -> AudioStream | None:
    best = container.streams.best("audio")
    return best if isinstance(best, AudioStream) and best.codec_context is not None else None


def _copied(
    container: InputContainer, stream: AudioStream, output: OutputContainer, start: Fraction
) -> Iterator[Packet[AudioStream]]:
    """Packets as they are, from the one that sounds at ``start`` on, with times of the output."""
    target = output.add_stream_from_template(stream)
    shift = round(start / _ticks(stream))

    def packets() -> Iterator[Packet[AudioStream]]:
        last: int | None = None
        for packet in demuxed(container, stream):
            if packet.pts is None or not packet.size or packet.is_corrupt:
                continue
            pts = packet.pts - shift
            ended = pts + (packet.duration or 0) <= 0
            if ended or (last is not None and pts <= last):
                continue
            packet.pts = packet.dts = last = pts
            packet.stream = target
            yield packet

    return packets()


def _encoded(
    container: InputContainer, stream: AudioStream, output: OutputContainer, start: Fraction
) -> Iterator[Packet[AudioStream]]:
    """The same as AAC, in mono or stereo."""
    given = stream.codec_context
    rate = given.sample_rate if given.sample_rate in _AAC_RATES else _USUAL_RATE
    layout = "mono" if given.layout.nb_channels == 1 else "stereo"
    target = output.add_stream("aac", rate=rate)
    target.codec_context.layout = layout
    target.codec_context.time_base = Fraction(1, rate)
    resampler = AudioResampler(format="fltp", layout=layout, rate=rate)

    def packets() -> Iterator[Packet[AudioStream]]:
        for frame in _sound_frames(container, stream):
            if frame is not None:
                if frame.pts is None:
                    continue
                begin = frame.pts * _ticks(stream) - start
                if begin + Fraction(frame.samples, frame.sample_rate) <= 0:
                    continue
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(begin * frame.sample_rate)
            for part in resampler.resample(frame):
                yield from target.encode(part)
        yield from target.encode(None)

    return packets()


def _sound_frames(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame | None]:
    """Decoded pieces, then None; what is damaged is left out."""
    for packet in demuxed(container, stream):
        with suppress(av.InvalidDataError):
            yield from stream.decode(packet)
    yield None


def _ticks(stream: AudioStream) -> Fraction:
    return stream.time_base or Fraction(1, stream.codec_context.sample_rate)
