"""One file from a web server, through cut connections and across runs.

This is code of our own because pooch starts anew after a cut, and huggingface_hub and wget go on
without asking whether the file behind the address is still the same. Here ``If-Range`` asks.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from .... import __version__
from ....errors import ModelError, OutputError, clause
from .answers import (
    CutError,
    is_page,
    is_whole,
    opener,
    page_error,
    placed,
    refusal,
    unreachable,
    validator_of,
    whole_length,
)

_BLOCK = 2**16
_WORTHWHILE = 2**20  # bytes that make an attempt a good one, though it was cut
_LONGEST_WAIT = 60.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a server may do before it is given up.

    Attributes:
        timeout: seconds that it may be silent, and over which its speed is measured.
        slowest: bytes per second.
        attempts: tries in a row that bring almost nothing.
        pause: seconds before the second try; it doubles each time.
        largest: bytes of a file whose size is not published.
    """

    timeout: float = 30.0
    slowest: float = 1024.0
    attempts: int = 5
    pause: float = 1.0
    largest: int = 16 * 2**30


class Watcher:
    """Is told how a download goes. Override what is of interest."""

    def begin(self, there: int, total: int | None) -> None:
        """The file starts to come; ``there`` of ``total`` bytes are here already."""

    def advance(self, count: int) -> None:
        """So many more bytes are on the disk."""

    def again(self, reason: str, seconds: float) -> None:
        """It was cut, and will be tried again after a pause."""

    def waiting(self) -> None:
        """Another process is downloading the same file."""


class Partial:
    """The beginning of a file, beside the place where it will be, and a note of what it is of.

    Args:
        target: that place; its folder exists.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.part")
        self._notes = target.with_name(f".{target.name}.part.json")

    @property
    def length(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def resumable(self, url: str) -> tuple[int, str | None]:
        """Bytes that are here and what the server can tell the file by; (0, None) to start anew."""
        try:
            notes: Any = json.loads(self._notes.read_text(encoding="utf-8"))
            validator = notes["validator"] if notes["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return 0, None
        there = self.length
        return (there, validator) if there and isinstance(validator, str) else (0, None)

    def remember(self, url: str, headers: Message) -> None:
        """Writes down what the bytes to come are of. Raises OutputError."""
        notes = json.dumps({"url": url, "validator": validator_of(headers)})
        try:
            self._notes.write_text(notes, encoding="utf-8")
        except OSError as error:
            raise self.disk_error(error) from error

    def open(self, *, anew: bool) -> IO[bytes]:
        """To write at the start or at the end. Raises OutputError."""
        try:
            return self.path.open("wb" if anew else "ab")
        except OSError as error:
            raise self.disk_error(error) from error

    def check_space(self, needed: int) -> None:
        """Raises OutputError where so many more bytes do not fit on the disk."""
        free = shutil.disk_usage(self.path.parent).free
        if free < needed:
            raise OutputError(
                f"{self.path.parent} has {free:,} bytes left, but {needed:,} are still to come; "
                f"make room or choose another folder."
            )

    def become(self, target: Path) -> None:
        """Puts the whole file in its place in one step. Raises OutputError."""
        try:
            self.path.replace(target)
            self._notes.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{target} cannot be written: {error.strerror or error}; choose another folder."
            ) from error

    def discard(self) -> None:
        """Removes it."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def disk_error(self, error: OSError) -> OutputError:
        """What to raise where the disk does not take the bytes."""
        return OutputError(
            f"{self.path.parent} cannot be written to: {error.strerror or error}; make room or "
            f"choose another folder, then run it again to go on."
        )


def transfer(
    url: str, partial: Partial, *, size: int | None, limits: Limits, watcher: Watcher
) -> None:
    """Fetches ``url`` into ``partial``, which afterwards is whole.

    The rest of an earlier run is gone on from if the server says that its file is still the same.
    What has come stays when it fails, except where it is no part of the file.

    Args:
        size: bytes that the file must have; None if that is not published.

    Raises:
        ModelError: no http(s) address, or the server does not give the file.
        OutputError: the disk is full or cannot be written to.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ModelError(f"{url} is no http or https address, and only those are downloaded from.")
    failures = 0
    while True:
        before = partial.length
        try:
            return _attempt(url, partial, size, limits, watcher)
        except CutError as error:
            failures = 1 if partial.length - before >= _WORTHWHILE else failures + 1
            if error.useless:
                partial.discard()
            if failures >= limits.attempts:
                advice = "run it again to go on from there" if partial.length else "try it later"
                raise ModelError(f"Cannot download {url}: {error}; {advice}.") from error
            pause = limits.pause * 2 ** (failures - 1) * random.uniform(0.8, 1.2)
            wait = min(pause if error.wait is None else error.wait, _LONGEST_WAIT)
            watcher.again(str(error), wait)
            time.sleep(wait)


def _attempt(
    url: str, partial: Partial, size: int | None, limits: Limits, watcher: Watcher
) -> None:
    there, validator = partial.resumable(url)
    headers = {"User-Agent": f"vidseg/{__version__}", "Accept-Encoding": "identity"}
    if validator is not None:
        headers |= {"Range": f"bytes={there}-", "If-Range": validator}
    request = urllib.request.Request(url, headers=headers)
    try:
        response = opener().open(request, timeout=limits.timeout)
    except urllib.error.HTTPError as error:
        with error:
            if is_whole(error, there, size):
                return
            raise refusal(url, error) from error
    except urllib.error.URLError as error:
        raise unreachable(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise CutError(clause(error)) from error
    with response:
        there = placed(url, response, there, validator)
        total = whole_length(url, response, size, limits.largest)
        partial.check_space(0 if total is None else total - there)
        partial.remember(url, response.headers)
        watcher.begin(there, total)
        _receive(url, response, partial, there, total or limits.largest, limits, watcher)
    if total is not None and partial.length < total:
        raise CutError(f"the connection was cut after {partial.length:,} of {total:,} bytes")


def _receive(
    url: str,
    response: http.client.HTTPResponse,
    partial: Partial,
    there: int,
    most: int,
    limits: Limits,
    watcher: Watcher,
) -> None:
    """Adds the body of an answer to the ``there`` bytes that are on the disk."""
    since, brought = time.monotonic(), 0
    with partial.open(anew=there == 0) as file:
        while block := _read(response):
            if there == 0 and is_page(block):
                partial.discard()
                raise page_error(url)
            there += len(block)
            if there > most:
                partial.discard()
                raise ModelError(f"{url} sends more than {most:,} bytes and was given up.")
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                raise partial.disk_error(error) from error
            watcher.advance(len(block))
            brought += len(block)
            passed = time.monotonic() - since
            if passed > limits.timeout:
                if brought < limits.slowest * passed:
                    raise CutError(f"only {brought / passed:,.0f} bytes came each second")
                since, brought = time.monotonic(), 0


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_BLOCK)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CutError(clause(error)) from error
