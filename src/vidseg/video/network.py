"""Video over the network."""

from __future__ import annotations

from urllib.parse import urlsplit

import av

from ..errors import SourceError
from .base import Selection
from .decoding import reason
from .live import LiveSource

_TIMEOUT = 10.0  # seconds to open a stream, and to wait for its next packet


class NetworkStream(LiveSource):
    """An RTSP, RTMP, HTTP or HTTPS address, finite or not. Damaged packets are skipped."""

    def __init__(self, url: str, selection: Selection) -> None:
        name = public_name(url)
        options = {"rtsp_transport": "tcp"} if url.lower().startswith("rtsp") else {}
        try:
            container = av.open(url, mode="r", options=options, timeout=_TIMEOUT)
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{name} cannot be opened: {reason(error)}.") from error
        super().__init__(container, name, selection)


def public_name(url: str) -> str:
    """The address without user, password and query, which may hold secrets.

    >>> public_name("rtsp://user:secret@host:554/live?key=1")
    'rtsp://host:554/live'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
