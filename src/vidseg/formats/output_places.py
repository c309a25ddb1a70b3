"""Places that a run writes to: made, tried out, kept for one run alone and left tidy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import OutputError
from .atomic import PendingFile, remove_partials

_LOCK_FILE = ".vidseg.lock"

_locks: dict[Path, int] = {}
"""Lock files that are held, and the process that holds them."""


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """A folder that is made, tried out and kept for this run alone until the block ends.

    What runs that were killed left half-written there is removed, in the folder and in those
    directly below. On leaving, folders that were made and stayed empty are taken away.

    Raises OutputError where it cannot be made or written to, or another run is writing there.
    """
    with kept_if_used(folder):
        prepare_folder(folder)
        with only_run(folder / _LOCK_FILE, folder):
            remove_partials(folder)
            with suppress(OSError):
                for below in folder.iterdir():
                    if below.is_dir() and not below.is_symlink():
                        remove_partials(below)
            yield folder


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A file whose folder is made and whose place is tried out, before the work for it begins.

    On leaving, folders that were made and stayed empty are taken away. Raises OutputError.
    """
    with kept_if_used(path.parent):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            PendingFile(path).discard()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{path} cannot be written: {reason}.") from error
        remove_partials(path.parent)
        yield path


@contextmanager
def lone_output(place: Path) -> Iterator[None]:
    """A file or folder that is to come, kept for this run alone until the block ends.

    Its folder is made, and taken away again where it stays empty. Raises OutputError.
    """
    with kept_if_used(place.parent):
        prepare_folder(place.parent)
        with only_run(place.with_name(f".{place.name}.vidseg.lock"), place):
            yield


@contextmanager
def only_run(lock_file: Path, place: Path) -> Iterator[None]:
    """Holds a lock while the block runs, so that no other run writes to ``place`` meanwhile.

    The operating system lets go of it when a process ends, however that happens. Raises
    OutputError where another run has it or it cannot be made.
    """
    lock = FileLock(lock_file, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise OutputError(
            f"{place} is being written by another run; wait for its end or name another place."
        ) from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{place} cannot be locked against other runs: {reason}; name a place on a local disk."
        ) from error
    _locks[lock_file] = os.getpid()
    try:
        yield
    finally:
        del _locks[lock_file]
        with suppress(OSError):  # while it is held, so that who waits sees that it is gone
            lock_file.unlink()
        lock.release()


def discard_locks() -> None:
    """Removes the lock files of this process, which is about to end without more ado."""
    for path, process in _locks.items():
        if process == os.getpid():
            with suppress(OSError):
                path.unlink()


def missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist yet, deepest first."""
    return [part for part in (folder, *folder.parents) if not part.exists()]


def check_there(folder: Path) -> None:
    """Raises OutputError where a folder that was made for a run was taken away meanwhile."""
    if not folder.is_dir():
        raise OutputError(f"{folder} was deleted while results were written to it.")


def prepare_folder(folder: Path) -> None:
    """Makes the folder and tries to write in it, so that a long run does not fail at its end.

    Raises OutputError where it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise OutputError(f"Results cannot be written to {folder}, which is a file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Results cannot be written to {folder}: {reason}.") from error


@contextmanager
def kept_if_used(folder: Path) -> Iterator[None]:
    """Takes away, at the end, what of a folder and those above it was not there before the block
    and is empty after it. Raises OutputError for a name that no folder can have.
    """
    try:
        made = missing_folders(folder)
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Results cannot be written to {folder}: {reason}.") from error
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # the first that is not empty ends it
            for part in made:
                part.rmdir()
