"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OutputError

if sys.platform == "win32":
    fcntl = None  # there a file that is open cannot be removed by others
else:
    import fcntl

QUICK = 2
"""Compression of id maps: flat regions stay small; higher levels cost more time than a model."""

_PARTIAL = re.compile(r"\..+\.vidseg-[0-9a-f]{8}\.part", re.DOTALL)
_LONGEST = 200  # bytes of a name that its hidden name repeats; file systems take 255 in all
_OWN_DESCRIPTOR = re.compile(r"(?:/proc/(\d+)/(?:task/\d+/)?fd|/dev/fd)/(\d+)")
_MOST_LINKS = 40  # as the Linux kernel follows


class PendingFile:
    """A file that is written under a hidden name of its own until it is whole.

    The hidden name is new for each call and is made exclusively, so that runs side by side do not
    meet and no link is followed; it lies beside the file and is locked as long as it is written.
    A link is followed to the file that it names, as editors do. A device, a pipe or an open
    descriptor (``/dev/stdout``) is never replaced: its bytes are gathered in a temporary file and
    written to it at the end.

    Attributes:
        target: the file as it was asked for.
        path: where to write until :meth:`keep`.

    Raises OSError where the place cannot be written to.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._descriptor = _own_descriptor(target)
        self._place = target if self._descriptor is not None else Path(os.path.realpath(target))
        self._is_special = self._descriptor is not None or _is_special(self._place)
        if self._descriptor is not None:
            os.fstat(self._descriptor)
        elif self._is_special and not os.access(self._place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        folder = Path(tempfile.gettempdir()) if self._is_special else self._place.parent
        self._handle: int | None
        self.path, self._handle = _open_partial(folder, self._place.name)
        _pending[self.path] = os.getpid()

    def keep(self) -> None:
        """Puts the file into its place in one step. Raises OSError."""
        if self._is_special:
            self._pour()
            self.discard()
            return
        if fcntl is None:
            self._close()
        self.path.replace(self._place)
        self._close()

    def discard(self) -> None:
        """Removes what was written; after :meth:`keep` it does nothing."""
        if self._handle is not None or fcntl is None:
            with suppress(OSError):
                self.path.unlink()
        self._close()

    def _close(self) -> None:
        _pending.pop(self.path, None)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _pour(self) -> None:
        if self._descriptor is None:
            handle = os.open(self._place, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
        else:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()  # what was printed before comes before
            handle = os.dup(self._descriptor)
        with os.fdopen(handle, "wb") as sink, self.path.open("rb") as source:
            shutil.copyfileobj(source, sink)


_pending: dict[Path, int] = {}
"""Hidden files that are being written, and the process that does it."""


def discard_pending() -> None:
    """Removes all hidden files of this process, which is about to end without more ado."""
    for path, process in list(_pending.items()):
        if process == os.getpid():  # and not a fork of the one that writes
            with suppress(OSError):
                path.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a name to write to; on leaving, that file becomes ``path`` in one step.

    When the block raises, also by Ctrl-C, the partial file is removed and what stood at ``path``
    before is untouched. Raises OutputError where the place cannot be written to.
    """
    pending: PendingFile | None = None
    try:
        pending = PendingFile(path)
        yield pending.path
        pending.keep()
    except BrokenPipeError:
        raise  # whoever read a pipe went away, which is no fault of the place
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if pending is not None:
            pending.discard()


def remove_partials(folder: Path) -> None:
    """Removes hidden files in a folder that were left by processes which were killed.

    Those that are being written are locked, and stay.
    """
    if fcntl is None:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _PARTIAL.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    _remove_unlocked(Path(entry.path))


def _remove_unlocked(path: Path) -> None:
    assert fcntl is not None
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(handle)


def _open_partial(folder: Path, name: str) -> tuple[Path, int]:
    """A new hidden file, locked, with the permissions of any other file."""
    start = os.fsdecode(os.fsencode(name)[:_LONGEST])
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    while True:
        path = folder / f".{start}.vidseg-{secrets.token_hex(4)}.part"
        try:
            handle = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            continue
        if _hold(handle):
            return path, handle
        os.close(handle)


def _hold(handle: int) -> bool:
    """Locks a new file; False where another run took it for one that was left, and removed it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: nothing is ever removed there
    return os.fstat(handle).st_nlink > 0


def _is_special(place: Path) -> bool:
    """Whether something stands there that is no file. Raises OSError for a folder."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    return not stat.S_ISREG(mode)


def _own_descriptor(path: Path) -> int | None:
    """The open descriptor of this process that a path like ``/dev/stdout`` stands for."""
    for _ in range(_MOST_LINKS):
        path = Path(os.path.realpath(path.parent)) / path.name
        found = _OWN_DESCRIPTOR.fullmatch(str(path))
        if found is not None and found[1] in (None, str(os.getpid())):
            return int(found[2])
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def save_png(
    pixels: npt.NDArray[Any], path: Path, *, palette: bytes | None = None, compression: int = 6
) -> None:
    """Writes a PNG, whole or not at all, and its folder where that is missing.

    Args:
        pixels: [H, W] or [H, W, 3], values 0 to 255.
        path: the file.
        palette: 768 bytes of colours for [H, W] indices.
        compression: of zlib, 0 to 9.

    Raises OutputError where the file cannot be written.
    """
    from PIL import Image

    image = Image.fromarray(pixels.astype(np.uint8, copy=False))
    if palette is not None:
        image.putpalette(palette)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path.parent} cannot be made: {error.strerror or error}.") from error
    with replacing(path) as partial:
        image.save(partial, format="PNG", compress_level=compression)
