"""Video files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer

from ..errors import SourceError
from .base import Picture, Selection, Source
from .decoding import pictures, reason, upright_size, video_stream


class VideoFile(Source):
    """A video file on disk. ``length`` is what the container declares (None if it does not).

    Raises SourceError for a file that is missing, is no video, or has no frame that decodes.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.path = path
        self.paths = (path,)
        container = self._open()
        with container:
            stream = video_stream(container, path.name)
            size = None
            try:
                size = next((upright_size(frame) for frame in container.decode(stream)), None)
            except av.FFmpegError as error:
                raise SourceError(
                    f"{path} holds no frame that decodes: {reason(error)}."
                ) from error
            if size is None:
                raise SourceError(f"{path} is a video without a single frame.")
            fps = stream.average_rate or stream.guessed_rate
            total = stream.frames or None
        super().__init__(
            path.name,
            size,
            selection=selection,
            fps=float(fps) if fps else None,
            total=total,
        )

    def _open(self) -> InputContainer:
        try:
            return av.open(f"file:{self.path}", mode="r")
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self.path} cannot be read as a video: {reason(error)}.") from error

    def _pictures(self) -> Iterator[Picture]:
        with self._open() as container:
            stream = video_stream(container, self.name)
            yield from pictures(container, stream, name=self.name, live=False)
