"""Measures the videos of a benchmark, one after the other or in several processes.

Sums are merged in the order of the videos, whatever process was first, so that the number of
processes never changes a digit.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DataError, VidsegError
from .benchmark import Evaluation, Mergeable, Report

_opened: Evaluation[Any] | None = None

_LARGEST = (32 << 20) - (64 << 10)
"""Bytes; the C library of Linux heeds freed blocks of up to 32 MiB."""


def run(
    evaluation: Evaluation[Any],
    *,
    workers: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """The numbers of all videos.

    Args:
        evaluation: an opened benchmark.
        workers: processes; with 1 everything happens in this one.
        progress: told the name of each video that is done.

    Raises:
        DataError: a file is missing or damaged, or there is no video; the same whatever process
            found it.
        VidsegError: a process was ended from outside.
        ValueError: ``workers`` below 1.
    """
    if workers < 1:
        raise ValueError(f"workers must be 1 or more; got {workers}.")
    names = list(evaluation.videos)
    if not names:
        raise DataError("There is no video to evaluate.")
    total: Mergeable | None = None
    with _measured(evaluation, names, min(workers, len(names))) as measured:
        for name, sums in zip(names, measured, strict=True):
            if total is None:
                total = sums
            else:
                total.merge(sums)
            if progress is not None:
                progress(name)
    return evaluation.report(total)


@contextmanager
def _measured(
    evaluation: Evaluation[Any], names: Sequence[str], workers: int
) -> Iterator[Iterator[Mergeable]]:
    """Yields the sums of the videos in order; on leaving, no process of ours is left."""
    if workers == 1:
        _keep_freed_memory()
        yield map(evaluation.measure, names)
    else:
        with _measured_elsewhere(evaluation, names, workers) as measured:
            yield measured


@contextmanager
def _measured_elsewhere(
    evaluation: Evaluation[Any], names: Sequence[str], workers: int
) -> Iterator[Iterator[Mergeable]]:
    # Imported here, as a small benchmark in one process is done sooner than these are read.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    others = set(active_children())
    # A forked child of a process with threads (torch, rich) may hang, so children start afresh.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _open, (evaluation,))
    try:
        with _deaf_to_interrupts():
            measured = pool.map(_measure, names)
        yield measured
    except BrokenProcessPool as error:
        raise VidsegError(
            "A process of the evaluation ended before its work was done, perhaps for want of "
            "memory; run with fewer workers."
        ) from error
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()  # they only read, and what they have in hand is of no use any more
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started in the block never hear Ctrl-C, which is for this process to answer.

    A Ctrl-C during the block arrives at its end.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _open(evaluation: Evaluation[Any]) -> None:
    global _opened
    _opened = evaluation
    _keep_freed_memory()


def _measure(name: str) -> Mergeable:
    assert _opened is not None
    sums: Mergeable = _opened.measure(name)
    return sums


def _keep_freed_memory() -> None:
    """Makes the C library hold on to freed maps, up to 64 MiB, instead of giving them back.

    By default maps of a few hundred kilobytes go back to the system each time, and touching fresh
    pages for the next frame costs more than the work on them. glibc raises its limit to the
    largest block that it saw freed, so freeing one that is never touched settles it. Other C
    libraries take no notice.
    """
    np.empty(_LARGEST, np.uint8)
