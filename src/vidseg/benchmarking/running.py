"""The loop of a benchmark: every video asked, answered, written, once."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..worker_pool import worker_pool
from .answers import FORMS, Rows
from .questions import questions_of
from .release import Release, open_release
from .run_folder import RunFolder, VideoRecord

if TYPE_CHECKING:
    from ..inference.config import InferenceConfig
    from ..inference.segmenter import Segmenter


@dataclass(frozen=True, kw_only=True)
class BenchmarkRequest:
    """What a benchmark run is asked; plain values, so that processes can be handed it.

    Attributes:
        benchmark: its name.
        data: folder of the release.
        model: name, folder, file or hub id.
        settings: ``default`` are ours with those of the model, ``published[:STAGE[:BACKBONE]]``
            those of the released test scripts; stage and backbone are those of the model by
            default.
        split, protocol: None for those that papers report.
        only: names of videos; empty for all.
        limit: the first N of them.
        device: as ``--device``.
        changes: inference settings by name, in place of those.
    """

    benchmark: str
    data: Path
    model: str
    settings: str = "default"
    split: str | None = None
    protocol: str | None = None
    only: tuple[str, ...] = ()
    limit: int | None = None
    device: str = "auto"
    changes: Mapping[str, Any] = field(default_factory=dict)


def chosen_videos(release: Release, request: BenchmarkRequest) -> list[int]:
    """Numbers of the videos that are asked for. Raises DataError for an unknown name."""
    numbers = {info.name: number for number, info in enumerate(release.videos)}
    for name in request.only:
        if name not in numbers:
            raise DataError(
                f"{release.root} has no video {name!r} in the split {release.split} of "
                f"{release.name}."
            )
    chosen = [numbers[name] for name in dict.fromkeys(request.only)] or list(numbers.values())
    return sorted(chosen)[: request.limit]


def settings_of(
    segmenter: Segmenter, release: Release, request: BenchmarkRequest
) -> InferenceConfig:
    """The inference settings of a run. Raises ModelError for settings that there are not."""
    task = release.row.task
    if request.settings == "default":
        config = segmenter.config(task)
    else:
        from ..inference.published.settings import PublishedChoice

        kind, *words = request.settings.split(":")
        choice = PublishedChoice.parse(":".join((kind, release.name, *words)), task)
        config = segmenter.published(
            task, choice.dataset, backbone=choice.backbone, stage=choice.stage
        )
    return config.override(request.changes)


def fingerprint(segmenter: Segmenter) -> str:
    """SHA-256 of the weights, by name."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(segmenter.model.state_dict().items()):
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        values = tensor.detach().cpu().contiguous().flatten()
        found.update(values.view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def run_video(
    segmenter: Segmenter, release: Release, video: int, config: InferenceConfig, predictions: Path
) -> VideoRecord:
    """Asks everything about one video and writes the answers."""
    info = release.videos[video]
    rows: Rows = []
    frames, begun = 0, time.perf_counter()
    for question in questions_of(release, video):
        answers = FORMS[release.row.form](predictions, release, video, question)
        with segmenter.segment(
            release.pictures(video),
            task=release.row.task,
            categories=release.classes,
            prompts=question.prompts,
            config=config,
        ) as results:
            for result in results:
                answers.write(info.frames[result.index], result)
                frames += 1
            rows += answers.close(results.tracks())
    return VideoRecord(info.name, frames, time.perf_counter() - begun, peak_memory(), rows)


def run_videos(
    request: BenchmarkRequest,
    segmenter: Segmenter,
    release: Release,
    folder: RunFolder,
    videos: Sequence[int],
    *,
    jobs: int = 1,
    threads: int | None = None,
    progress: Callable[[str, int], None] = lambda name, frames: None,
) -> None:
    """Runs the videos that are not done yet.

    Args:
        jobs: processes, each with a model of its own.
        threads: of each process; by default the cores are shared out. Predictions do not depend on
            ``jobs``, but sums of floats, and with them ties, may depend on the number of threads.
        progress: told the name and the number of frames of each video that is done.
    """
    done = set(folder.done(videos))
    waiting = [video for video in videos if video not in done]
    if not waiting:
        return
    if jobs == 1:
        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        config = settings_of(segmenter, release, request)
        for video in waiting:
            record = run_video(segmenter, release, video, config, folder.predictions)
            folder.keep(video, record)
            progress(record.name, record.frames)
        return
    threads = threads or max(1, (os.cpu_count() or 1) // jobs)
    count = min(jobs, len(waiting))
    try:
        with worker_pool(
            count, _begin_worker, (request, threads), work="benchmark", fewer="--jobs"
        ) as workers:
            tasks = {
                workers.submit(_run_in_worker, video, folder.predictions): video
                for video in waiting
            }
            for task in as_completed(tasks):
                record = task.result()
                folder.keep(tasks[task], record)
                progress(record.name, record.frames)
    finally:
        folder.remove_partials()  # of processes that were ended


@dataclass(frozen=True)
class _Work:
    """What a process needs to run videos."""

    segmenter: Segmenter
    release: Release
    config: InferenceConfig


_asked: list[BenchmarkRequest] = []


def _begin_worker(request: BenchmarkRequest, threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    _asked[:] = [request]


@cache
def _work() -> _Work:
    """Made for the first video, so that what goes wrong is told as anywhere else."""
    from ..inference.files.loading import load

    (request,) = _asked
    segmenter = load(request.model, request.device)
    release = open_release(request.benchmark, request.data, request.split, request.protocol)
    return _Work(segmenter, release, settings_of(segmenter, release, request))


def _run_in_worker(video: int, predictions: Path) -> VideoRecord:
    work = _work()
    return run_video(work.segmenter, work.release, video, work.config, predictions)


def peak_memory() -> int:
    """Resident memory of this process at its highest, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def asked(request: BenchmarkRequest, weights: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a run folder remembers of a request, so that only the same run goes on in it."""
    return {
        "benchmark": request.benchmark,
        "data": str(request.data.resolve()),
        "split": request.split,
        "protocol": request.protocol,
        "model": request.model,
        "weights": weights,
        "settings": dict(config),
    }
