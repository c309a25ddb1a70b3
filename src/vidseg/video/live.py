"""What cameras and network streams have in common: they are opened once and read once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from av.container import InputContainer

from ..errors import SourceError
from .base import Picture, Selection, Source
from .clock import frame_rate
from .decoding import Reading, pictures, video_stream


class LiveSource(Source):
    """Frames of an open container. The first is fetched at once, to know the size as shown.

    Damaged packets are left out; :meth:`notes` says how many. Raises SourceError where there is
    no video stream or no frame comes.
    """

    def __init__(self, container: InputContainer, name: str, selection: Selection) -> None:
        self._container = container
        self._reading = Reading()
        stream = video_stream(container, name)
        coming = pictures(container, stream, self._reading, name=name, live=True)
        try:
            first = next(coming, None)
            if first is None:
                why = f" that decodes: {self._reading.reason}" if self._reading.skipped else ""
                raise SourceError(f"{name} gives no frame{why}.")
            height, width = first.load().shape[:2]
        except SourceError:
            container.close()
            raise
        self._rest = chain([first], coming)
        rate = frame_rate(stream)
        super().__init__(
            name,
            (height, width),
            selection=selection,
            fps=float(rate) if rate else None,
            total=stream.frames or None,
        )

    def _pictures(self) -> Iterator[Picture]:
        return self._rest

    def notes(self) -> tuple[str, ...]:
        """What was left out or mended."""
        return tuple(f"{self.name}: {remark}." for remark in self._reading.notes())

    def close(self) -> None:
        """Lets go of the device or connection."""
        self._container.close()
