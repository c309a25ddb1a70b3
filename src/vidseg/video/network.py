"""Video over the network."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..errors import SourceError
from .base import Selection
from .live import LiveSource
from .opener import open_address

_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_TIMEOUT = 10.0  # seconds to open a stream, and to wait for its next packet


class NetworkStream(LiveSource):
    """An RTSP, RTMP, HTTP or HTTPS address, finite or not. Damaged packets are skipped."""

    def __init__(self, url: str, selection: Selection) -> None:
        name = public_name(url)
        container = open_address(url, name, timeout=_TIMEOUT)
        super().__init__(container, name, selection)


def is_address(name: str) -> bool:
    """Whether a source is on the network; every other name is that of a file or a camera."""
    return name.lower().startswith(_SCHEMES)


def foreign_scheme(name: str) -> str | None:
    """``udp://`` of an address that is none of ours; None of a name without a scheme."""
    found = _SCHEME.match(name)
    return found[0] if found and not is_address(name) else None


def public_name(url: str) -> str:
    """The address without user, password and query, which may hold secrets.

    Raises SourceError where it is not of the form of an address.

    >>> public_name("rtsp://user:secret@host:554/live?key=1")
    'rtsp://host:554/live'
    """
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        scheme = url.partition("://")[0].lower()
        raise SourceError(
            f"The {scheme} address is not valid; it has the form {scheme}://host:port/path."
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
