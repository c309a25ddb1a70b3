"""One benchmark from its release to its figures: run, then score or pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..evaluation.benchmark import Report
from ..evaluation.evaluate import evaluate
from ..evaluation.reports.json_file import write_json
from ..evaluation.submit import Submission, submit
from .paper import UNIVS_FRAMES_A_SECOND, paper_figures, paper_model
from .release import Release, open_release
from .run_folder import RunFolder
from .running import BenchmarkRequest, asked, chosen_videos, fingerprint, run_videos, settings_of

if TYPE_CHECKING:
    from ..inference.segmenter import Segmenter


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a benchmark.

    Attributes:
        release: that was run.
        folder: of the run.
        report: the official figures; None where the ground truth is kept back.
        submission: what was packed in place of a report.
        whole: all videos of the split were run, so that figures can be compared with others'.
        frames, seconds: of all videos; decoding of pictures and writing included.
        peak: resident memory in bytes at its highest.
        short_side: pixels that the model saw of the short side of a frame.
        paper: figures in percent that the paper of the model reports; empty for none.
        paper_rate: frames a second that it reports; None for none.
    """

    release: Release
    folder: RunFolder
    report: Report | None
    submission: Submission | None
    whole: bool
    frames: int
    seconds: float
    peak: int
    short_side: int
    paper: Mapping[str, float] = field(default_factory=dict)
    paper_rate: float | None = None


def run_benchmark(
    request: BenchmarkRequest,
    segmenter: Segmenter,
    out: Path,
    *,
    jobs: int = 1,
    threads: int | None = None,
    begin: Callable[[int, int], None] = lambda done, total: None,
    progress: Callable[[str, int], None] = lambda name, frames: None,
) -> Outcome:
    """Runs the videos that are not done yet in ``out``, then scores them or packs them.

    Args:
        jobs, threads: processes, and threads of each; see :func:`run_videos`.
        begin: told how many videos are done before, and how many there are.
        progress: told the name and the number of frames of each video that is done.

    Raises:
        VidsegError: the release, the model or the folder cannot be used.
    """
    release = open_release(request.benchmark, request.data, request.split, request.protocol)
    videos = chosen_videos(release, request)
    config = settings_of(segmenter, release, request)
    folder = RunFolder(out, asked(request, fingerprint(segmenter), config.flat()))
    begin(len(folder.done(videos)), len(videos))
    run_videos(
        request, segmenter, release, folder, videos, jobs=jobs, threads=threads, progress=progress
    )
    folder.write_rows(release, videos)
    whole = len(videos) == len(release.videos)
    report, submission = _scored(request, release, folder, videos, whole)
    records = list(folder.records(videos))
    shape = paper_model(segmenter.model)
    return Outcome(
        release=release,
        folder=folder,
        report=report,
        submission=submission,
        whole=whole,
        frames=sum(record.frames for record in records),
        seconds=sum(record.seconds for record in records),
        peak=max(record.peak for record in records),
        short_side=config.short_side,
        paper=paper_figures(shape, release.name),
        paper_rate=UNIVS_FRAMES_A_SECOND.get(release.name) if shape == "univs_r50" else None,
    )


def _scored(
    request: BenchmarkRequest, release: Release, folder: RunFolder, videos: list[int], whole: bool
) -> tuple[Report | None, Submission | None]:
    truth = release.truth()
    if truth is not None:
        report = evaluate(
            release.name,
            truth,
            folder.predictions,
            protocol=request.protocol or release.row.protocol,
            videos=None if whole else [release.videos[video].name for video in videos],
        )
        if not whole:
            told = f"{len(videos)} of {len(release.videos)} videos"
            note = f"A part of the videos ({told}): these figures are not those of the benchmark."
            report = replace(report, notes=(note, *report.notes))
        write_json(report, folder.report)
        return report, None
    if not whole:
        raise DataError(
            f"{release.root} keeps the ground truth of {release.split} back, and a part of the "
            "videos cannot be sent to a server; leave out --only and --limit."
        )
    source = folder.predictions
    if release.row.form in ("tracks", "burst"):
        source = source / "results.json"
    packed = submit(release.name, source, folder.archive, truth=release.root, split=release.split)
    for finding in packed.findings:
        if finding.severity == "error":
            raise DataError(finding.sentence)
    return None, packed
