"""Measures the videos of a benchmark, one after the other or in several processes.

Sums are merged in the order of the videos, whatever process was first, so that the number of
processes never changes a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DataError
from ..worker_pool import worker_pool
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
        with worker_pool(workers, _open, (evaluation,), work="evaluation", fewer="workers") as pool:
            yield pool.map(_measure, names)


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
