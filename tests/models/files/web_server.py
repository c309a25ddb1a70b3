"""A web server on the loopback that misbehaves as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """One file under every path, and how it is served.

    Attributes:
        content: the file.
        cuts: bytes of the body after which the connection ends, an entry for each answer to come;
            whole bodies after the last.
        states: HTTP states in place of the file, an entry for each answer to come.
        ranges: whether the middle of a file may be asked for.
        etag, changed: what the file can be told by.
        headers: further headers, or others in place of the usual; None leaves one out.
        stall: set to let a body hang after its first half.
        asked: headers of the requests so far.
    """

    content: bytes = b""
    cuts: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str | None = '"one"'
    changed: str | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    stall: threading.Event | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/folder/file.pth"


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.asked.append(dict(self.headers.items()))
        if site.states:
            self._send(site.states.pop(0), b"no")
            return
        start = self._start()
        if start is None:
            self._send(416, b"", {"Content-Range": f"bytes */{len(site.content)}"})
            return
        body = site.content[start:]
        extra = {}
        if start:
            extra["Content-Range"] = f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
        self._send(206 if start else 200, body, extra)

    def _start(self) -> int | None:
        site, asked = self.site, self.headers.get("Range")
        known = (site.etag, site.changed)
        if asked is None or not site.ranges or self.headers.get("If-Range") not in known:
            return 0
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        return start if start < len(site.content) else None

    def _send(self, state: int, body: bytes, extra: dict[str, str] | None = None) -> None:
        site = self.site
        headers: dict[str, str | None] = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(body)),
            "ETag": site.etag,
            "Last-Modified": site.changed,
            **(extra or {}),
            **site.headers,
        }
        self.send_response(state)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if headers.get("Transfer-Encoding") == "chunked":
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        if site.cuts and state < 300:
            body = body[: site.cuts.pop(0)]
        half = len(body) // 2 if site.stall is not None else len(body)
        self.wfile.write(body[:half])
        if site.stall is not None:
            self.wfile.flush()
            site.stall.wait(5)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(content: bytes) -> Iterator[Site]:
    """Serves for the block."""
    site = Site(content, changed=formatdate(0, usegmt=True))
    handler = type("Handler", (_Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield site
        if site.stall is not None:
            site.stall.set()
        server.shutdown()
        thread.join()
