"""What cameras and network streams have in common: they are opened once and read once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from av.container import InputContainer

from ..errors import SourceError
from .base import Picture, Selection, Source
from .decoding import pictures, video_stream


class LiveSource(Source):
    """Frames of an open container. The first is fetched at once, to know the upright size.

    Raises SourceError where there is no video stream or no frame comes.
    """

    def __init__(self, container: InputContainer, name: str, selection: Selection) -> None:
        self._container = container
        stream = video_stream(container, name)
        coming = pictures(container, stream, name=name, live=True)
        first = next(coming, None)
        if first is None:
            container.close()
            raise SourceError(f"{name} gives no frame.")
        self._rest = chain([first], coming)
        height, width = first.load().shape[:2]
        rate = stream.average_rate
        super().__init__(
            name,
            (height, width),
            selection=selection,
            fps=float(rate) if rate else None,
            total=stream.frames or None,
        )

    def _pictures(self) -> Iterator[Picture]:
        return self._rest

    def close(self) -> None:
        """Lets go of the device or connection."""
        self._container.close()
