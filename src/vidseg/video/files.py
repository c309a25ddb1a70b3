"""Video files and finite or endless network streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from ..errors import SourceError
from .base import Picture, Selection, Source
from .decoding import pictures, reason, upright_size, video_stream

_TIMEOUT = 10.0  # seconds to open a network stream and to wait for its next packet


class VideoFile(Source):
    """A video file on disk. ``length`` is what the container declares (None if it does not).

    Raises SourceError for a file that is missing, is no video, or has no frame that decodes.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.path = path
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
            return av.open(str(self.path), mode="r")
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self.path} cannot be read as a video: {reason(error)}.") from error

    def _pictures(self) -> Iterator[Picture]:
        with self._open() as container:
            stream = video_stream(container, self.name)
            yield from pictures(container, stream, name=self.name, live=False)


def _public_name(url: str) -> str:
    """The address without user, password and query, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


class NetworkStream(Source):
    """An RTSP, RTMP, HTTP or HTTPS address. Read once; damaged packets are skipped."""

    def __init__(self, url: str, selection: Selection) -> None:
        name = _public_name(url)
        options = {"rtsp_transport": "tcp"} if url.startswith("rtsp") else {}
        try:
            self._container = av.open(url, mode="r", options=options, timeout=_TIMEOUT)
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{name} cannot be opened: {reason(error)}.") from error
        self._stream = video_stream(self._container, name)
        codec = self._stream.codec_context
        fps = self._stream.average_rate
        super().__init__(
            name,
            (codec.height, codec.width),
            selection=selection,
            fps=float(fps) if fps else None,
            total=self._stream.frames or None,
        )

    def _pictures(self) -> Iterator[Picture]:
        return pictures(self._container, self._stream, name=self.name, live=True)

    def close(self) -> None:
        self._container.close()
