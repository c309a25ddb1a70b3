"""One process at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import OutputError

_PAUSE = 0.1  # seconds between two attempts

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def file_lock(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds a lock for the block; ``waiting`` is called once if another process has it.

    The file is made for it and removed at the end. The operating system lets go of the lock when
    a process ends, however that happens. Raises OutputError where the folder cannot be written to
    or knows no locks.
    """
    told = False
    while True:
        file = _opened(path)
        try:
            locked = _locked(file, path)
        except BaseException:
            file.close()
            raise
        if locked:
            break
        file.close()
        if not told:
            waiting()
            told = True
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps a file that is open; an empty one does no harm
            path.unlink()
        file.close()


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")
    except OSError as error:
        raise OutputError(
            f"{path.parent} cannot be written to: {error.strerror or error}; choose another folder."
        ) from error


def _locked(file: IO[bytes], path: Path) -> bool:
    """Whether the lock is ours, and on the file that later ones will open."""
    try:
        if not _try_lock(file):
            return False
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:  # the one before removed it in this very moment
        return False
    except OSError as error:
        raise OutputError(
            f"{path.parent} cannot be locked against other processes: "
            f"{error.strerror or error}; choose a folder on a local disk."
        ) from error
