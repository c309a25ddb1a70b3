"""One call from two folders to the numbers of a benchmark."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .registry import get_benchmark, pick_protocol
from .runner import run

if TYPE_CHECKING:
    from .benchmark import Evaluation, Report


def evaluate(
    benchmark: str,
    gt: str | os.PathLike[str],
    pred: str | os.PathLike[str],
    *,
    protocol: str | None = None,
    workers: int = 1,
    videos: Collection[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """The official numbers of a benchmark.

    Args:
        benchmark: its name, for example ``davis2017``.
        gt: folder of the ground truth in the benchmark's own layout.
        pred: folder of the predictions in the layout that the benchmark asks for.
        protocol: which rules, where more than one set is in use; the benchmark's first by default.
        workers: processes. A script that asks for more than one keeps its own work under
            ``if __name__ == "__main__":``, as always with processes. The numbers do not depend
            on it.
        videos: names of those that count; the predictions of no others need be there. Official
            numbers are those of all videos.
        progress: told the name of each video that is done.

    Raises:
        DataError: an unknown benchmark or protocol, or files that are missing, damaged or do not
            fit together.
        ValueError: ``workers`` below 1.
    """
    evaluation = open_evaluation(benchmark, gt, pred, protocol, videos)
    return run(evaluation, workers=workers, progress=progress)


def open_evaluation(
    benchmark: str,
    gt: str | os.PathLike[str],
    pred: str | os.PathLike[str],
    protocol: str | None = None,
    videos: Collection[str] | None = None,
) -> Evaluation[Any]:
    """Both folders, checked and ready to be measured. Arguments and errors as :func:`evaluate`."""
    chosen = get_benchmark(benchmark)
    rules = pick_protocol(chosen, protocol)
    for folder, what in ((Path(gt), "ground truth"), (Path(pred), "predictions")):
        if not folder.exists():
            raise DataError(f"There is no folder {folder}, where the {what} should be.")
        if folder.is_file() and folder.suffix != ".json":
            raise DataError(
                f"{folder} is a file; the {what} should be a folder (unpack an archive first) or, "
                "where the benchmark wants a single JSON file, that file."
            )
    return chosen.open(Path(gt), Path(pred), rules, None if videos is None else frozenset(videos))
