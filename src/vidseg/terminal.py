"""What reaches the terminal: names and texts of files cannot move its cursor or hide their letters.

Everything printed goes through here. What steers a terminal (control characters, escape codes),
turns the direction of writing or is no character at all is shown as Python would write it,
``\\x1b``; the colours of tables and progress bars are our own and stay.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufff9-\ufffb\ufeff"
_UNSAFE = re.compile(f"[{_CONTROL}{_BIDI}]")
_UNSAFE_OR_BREAK = re.compile(f"[{_CONTROL}{_BIDI}\t\n]")


def printable(text: object) -> str:
    """A name or text of a file on one line, with everything escaped that would not be seen.

    >>> printable("a\\x1b[2Jb\\n")
    'a\\\\x1b[2Jb\\\\n'
    """
    return _UNSAFE_OR_BREAK.sub(_escape, str(text))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


class SafeStream(io.TextIOBase):
    """A text stream that escapes what :func:`printable` does, but keeps tabs and line breaks.

    Args:
        inner: the stream that it writes to, whose encoding may lack characters.
    """

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner
        if isinstance(inner, io.TextIOWrapper) and inner.errors == "strict":
            inner.reconfigure(errors="replace")  # a name must not fail on a console without it

    def write(self, text: str) -> int:
        """Writes the text, escaped, and returns its length."""
        self.inner.write(_UNSAFE.sub(_escape, text))
        return len(text)

    def flush(self) -> None:
        """As of the inner stream."""
        self.inner.flush()

    def isatty(self) -> bool:
        """As of the inner stream."""
        return self.inner.isatty()

    def fileno(self) -> int:
        """As of the inner stream."""
        return self.inner.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As of the inner stream."""
        return self.inner.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """As of the inner stream."""
        return self.inner.errors

    def writable(self) -> bool:
        """It is."""
        return True


@contextmanager
def safe_streams() -> Iterator[None]:
    """Everything that the block prints is escaped, by whichever library."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = SafeStream(sys.stdout), SafeStream(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


@contextmanager
def plain_stderr() -> Iterator[None]:
    """Lets a library steer the terminal itself, such as the progress bars of downloads."""
    stream = sys.stderr
    if isinstance(stream, SafeStream):
        sys.stderr = stream.inner
    try:
        yield
    finally:
        sys.stderr = stream


def console(*, stderr: bool = False, soft_wrap: bool = False, highlight: bool = False) -> Console:
    """A console of ``rich``: its own codes reach the terminal, while all texts are escaped.

    A reader that went away is BrokenPipeError, as for ``print``.
    """
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class SafeConsole(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                yield (
                    segment
                    if segment.control
                    else Segment(_UNSAFE.sub(_escape, segment.text), segment.style)
                )

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream: TextIO = sys.stderr if stderr else sys.stdout
    if isinstance(stream, SafeStream):
        stream = stream.inner
    return SafeConsole(file=stream, soft_wrap=soft_wrap, highlight=highlight)
