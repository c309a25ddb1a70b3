"""Processes that work for this one: deaf to requests to stop, and gone when it is."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import VidsegError
from .interrupts import SIGNALS

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Workers:
    """The processes of :func:`worker_pool`; they start when they are given something to do."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(self, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        """Calls the function in one of the processes."""
        with _deaf_processes():
            return self._pool.submit(function, *arguments)

    def map(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[_Result]:
        """Results in the order of the items, whatever process was first."""
        with _deaf_processes():
            return self._pool.map(function, items)


@contextmanager
def worker_pool(
    count: int, begin: Callable[..., None], arguments: tuple[Any, ...], *, work: str, fewer: str
) -> Iterator[Workers]:
    """Processes that hear no Ctrl-C, SIGTERM or SIGHUP, which are for this process to answer.

    Schedulers and terminals send them to all processes of a group. When the block ends with an
    error, the processes are ended at once, whatever they have in hand; when this process is
    killed, they end by themselves.

    Args:
        count: processes.
        begin: called with ``arguments`` when a process starts.
        work, fewer: what the processes do and what there may be too many of, for the sentence.

    Raises VidsegError where a process was ended from outside.
    """
    # Imported here, as a small job in one process is done sooner than these are read.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    others = set(active_children())
    # A forked child of a process with threads (torch, rich) may hang, so children start afresh.
    context = get_context("spawn")
    with _deaf_processes():  # one that Python starts to clean up after the others is among them
        pool = ProcessPoolExecutor(count, context, _begin, (begin, arguments))
    try:
        yield Workers(pool)
    except BrokenProcessPool as error:
        raise VidsegError(
            f"A process of the {work} ended before its work was done, perhaps for want of "
            f"memory; run with fewer {fewer}."
        ) from error
    except BaseException:
        for child in set(active_children()) - others:
            child.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_processes() -> Iterator[None]:
    """Processes that are started in the block inherit that they hear none of ``SIGNALS``.

    Those that this process gets during the block arrive at its end.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*arguments)


def _end_with_parent() -> None:
    """Without it, a process whose parent was killed waits for work for ever."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
