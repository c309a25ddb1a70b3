"""Measures the videos of a benchmark, one after the other or in several processes.

Sums are merged in the order of the videos, whatever process was first, so that the number of
processes never changes a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from ..errors import DataError
from .benchmark import Evaluation, Mergeable, Report

_opened: Evaluation[Any] | None = None


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
        DataError: a file is missing or damaged, or there is no video.
    """
    names = list(evaluation.videos)
    total: Mergeable | None = None
    for name, sums in zip(names, _measured(evaluation, names, workers), strict=True):
        if total is None:
            total = sums
        else:
            total.merge(sums)
        if progress is not None:
            progress(name)
    if total is None:
        raise DataError("There is no video to evaluate.")
    return evaluation.report(total)


def _measured(
    evaluation: Evaluation[Any], names: Sequence[str], workers: int
) -> Iterator[Mergeable]:
    workers = min(workers, len(names))
    if workers <= 1:
        yield from map(evaluation.measure, names)
        return
    # A forked child of a process with threads (torch, rich) may hang, so children start afresh.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open, (evaluation,)) as pool:
        try:
            yield from pool.map(_measure, names)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _open(evaluation: Evaluation[Any]) -> None:
    global _opened
    _opened = evaluation


def _measure(name: str) -> Mergeable:
    assert _opened is not None
    sums: Mergeable = _opened.measure(name)
    return sums
