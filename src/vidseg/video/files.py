"""Video files."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from .base import Picture, Selection, Source
from .clock import frame_rate
from .color_coding import matrix_note
from .decoding import Reading, first_frame, pictures, shown_size, stamp, video_stream, video_streams
from .opener import open_file
from .orientation import Orientation, orientation_of
from .sound import Sound, has_sound

_WIDEST_PIXEL = 100  # times as wide as high, or as high as wide; beyond that it is an error


class VideoFile(Source):
    """A video file on disk. ``length`` is what the container declares (None if it does not).

    Damaged packets are left out; :meth:`notes` says how many. Raises SourceError for a file that
    is missing, is no video, or has no frame that decodes.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.path = path
        self.paths = (path,)
        self._reading = Reading()
        self._sound: Sound | None = None
        with open_file(path) as container:
            stream = video_stream(container, str(path))
            frame = first_frame(container, stream, str(path))
            orientation = orientation_of(frame)
            self.pixel_aspect = _pixel_aspect(stream, orientation)
            self._begins_at = stamp(frame, stream)
            self._has_sound = has_sound(container)
            self._remarks = [
                *_which_stream(container, stream),
                *([] if orientation.known else ["it asks to be shown askew, which is not done"]),
                *matrix_note(frame),
            ]
            self._declared = _declared_packets(stream)
            self._declared_seconds = _declared_seconds(stream)
            fps = frame_rate(stream)
            total = _declared_frames(stream)
        super().__init__(
            path.name,
            shown_size(frame),
            selection=selection,
            fps=float(fps) if fps else None,
            total=total,
        )

    def _pictures(self) -> Iterator[Picture]:
        self._reading = Reading()
        with open_file(self.path) as container:
            stream = video_stream(container, self.name)
            yield from pictures(container, stream, self._reading, name=self.name, live=False)

    def sound(self) -> Sound | None:
        """The sound of the file; None where it has none or its frames have no times."""
        if self._has_sound and self._begins_at is not None:
            self._sound = Sound(self.path, self._begins_at)
        return self._sound

    def notes(self) -> tuple[str, ...]:
        """What was left out or mended, and which of several streams is read."""
        sound = () if self._sound is None else self._sound.notes
        remarks = [*self._remarks, *self._reading.notes(), *self._cut_short(), *sound]
        return tuple(f"{self.name}: {remark}." for remark in remarks)

    def _cut_short(self) -> list[str]:
        reading = self._reading
        if not reading.ended:
            return []
        if reading.packets < self._declared:
            return [
                f"it is cut short; {self._declared - reading.packets} of the {self._declared} "
                "frames that it declares are missing"
            ]
        missing = (self._declared_seconds or 0.0) - reading.seconds
        if missing > max(1.0, 0.05 * reading.seconds):
            return [
                f"it is cut short; it ends {missing:.1f} s before the "
                f"{self._declared_seconds:.1f} s that it declares"
            ]
        return []


def _pixel_aspect(stream: VideoStream, orientation: Orientation) -> Fraction:
    """Width / height of a pixel as shown."""
    told = stream.sample_aspect_ratio
    if told is None or not Fraction(1, _WIDEST_PIXEL) <= told <= _WIDEST_PIXEL:
        return Fraction(1)
    turned = orientation.transposed and not orientation.stretched
    return 1 / Fraction(told) if turned else Fraction(told)


def _which_stream(container: InputContainer, stream: VideoStream) -> list[str]:
    """A remark where the file holds several videos."""
    streams = video_streams(container)
    if len(streams) < 2:
        return []
    place = sorted(s.index for s in streams).index(stream.index) + 1
    return [f"it holds {len(streams)} video streams, of which number {place} is read"]


def _declared_frames(stream: VideoStream) -> int | None:
    """Frames that the container declares, without those that an edit has cut away."""
    if stream.frames <= 0:
        return None
    entries = stream.index_entries
    if len(entries) != stream.frames:
        return stream.frames
    return sum(not entry.is_discard for entry in entries)


def _declared_packets(stream: VideoStream) -> int:
    """Packets in the table of contents; 0 without one. Tables of key frames hold too few to tell.

    The count that a container states is no use: it counts what an edit has cut away.
    """
    return len(stream.index_entries)


def _declared_seconds(stream: VideoStream) -> float | None:
    """Length that Matroska's own statistics give a stream; of other containers None."""
    told = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in told)
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds
