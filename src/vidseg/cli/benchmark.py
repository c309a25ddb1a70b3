"""``vidseg benchmark``: a benchmark from its release to its official figures."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..evaluation.registry import benchmark_names
from ..terminal import printable
from .parser import UsageError, device_name, positive_count

if TYPE_CHECKING:
    from rich.text import Text

    from ..benchmarking.benchmark import Outcome
    from ..benchmarking.running import BenchmarkRequest
    from ..inference.segmenter import Segmenter
    from .parser import Verbs

_EPILOG = """\
benchmarks:
  {names}

examples:
  J and F of DAVIS 2016, in DIR/davis2016 and so on
    vidseg benchmark davis2016 --data DAVIS
  two videos first, then the rest of the same run
    vidseg benchmark vipseg --data VIPSeg --out runs/vipseg --limit 2
    vidseg benchmark vipseg --data VIPSeg --out runs/vipseg
  a published model as in its paper, all benchmarks that lie in a folder
    vidseg benchmark all --data datasets --model univs_r50_stage3 --settings published

A run that was stopped goes on where it was. Where the ground truth is kept back, the predictions
are packed for the server instead. docs/evaluate.md shows the layout of each release.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    names = benchmark_names()
    half = (len(names) + 1) // 2
    parser = verbs.add_parser(
        "benchmark",
        help="run a model on a benchmark, from the release to the official figures",
        description="Segments every video of a benchmark with the task, classes and prompts that\n"
        "it asks for, writes its official prediction layout, and prints the official figures\n"
        "beside those of the paper.",
        epilog=_EPILOG.format(names=" ".join(names[:half]) + "\n  " + " ".join(names[half:])),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "benchmarks", metavar="BENCHMARK", nargs="+", help="names as below; all: all in --data"
    )
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="DIR",
        help="the release; for several benchmarks a folder with one folder each",
    )
    parser.add_argument("--model", default="nano", help="as for segment (default: nano)")
    parser.add_argument(
        "--settings",
        default="default",
        metavar="WHICH",
        help="default: those of the model; published[:STAGE[:BACKBONE]]: those with which the "
        "release tested UniVS on each benchmark",
    )
    parser.add_argument("--split", metavar="NAME", help="default: the one that papers report")
    parser.add_argument("--protocol", metavar="NAME", help="as for evaluate")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: out/benchmark; a folder each below it"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="VIDEO", help="a video; may be repeated"
    )
    parser.add_argument("--limit", type=positive_count, metavar="N", help="the first N videos")
    parser.add_argument(
        "--jobs", type=positive_count, default=1, metavar="N", help="processes (default: 1)"
    )
    parser.add_argument(
        "--threads",
        type=positive_count,
        metavar="N",
        help="of each process (default: the cores, shared out)",
    )
    parser.add_argument(
        "--device", type=device_name, default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    parser.add_argument(
        "--short-side", type=positive_count, metavar="PIXELS", help="in place of the settings'"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb. All releases and places of results are tried before a model is loaded."""
    from ..benchmarking.release import open_release
    from ..formats.output_places import output_folder
    from .running import load_segmenter

    requests = _requests(options)
    for request in requests:
        open_release(request.benchmark, request.data, request.split, request.protocol)
    places = [(options.out or Path("out/benchmark")) / request.benchmark for request in requests]
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(output_folder(place))
        segmenter = load_segmenter(options.model, options.device)
        for request, place in zip(requests, places, strict=True):
            _run_one(request, segmenter, place, options)
    return 0


def _requests(options: argparse.Namespace) -> list[BenchmarkRequest]:
    """One request a benchmark. Raises UsageError for options that are of one benchmark alone."""
    from ..benchmarking.finding import find_benchmarks
    from ..benchmarking.rows import find_row
    from ..benchmarking.running import BenchmarkRequest

    request = BenchmarkRequest(
        benchmark="",
        data=options.data,
        model=options.model,
        settings=options.settings,
        split=options.split,
        protocol=options.protocol,
        only=tuple(options.only),
        limit=options.limit,
        device=options.device,
        changes={"short_side": options.short_side} if options.short_side else {},
    )
    if options.benchmarks != ["all"] and len(options.benchmarks) == 1:
        return [replace(request, benchmark=find_row(options.benchmarks[0])[0])]
    for option in ("split", "protocol", "only"):
        if getattr(options, option):
            raise UsageError(f"--{option} goes with one benchmark; {len(options.benchmarks)} or "
                             "all are asked for.")  # fmt: skip
    found = find_benchmarks(options.data)
    names = list(found) if "all" in options.benchmarks else [
        find_row(name)[0] for name in options.benchmarks
    ]  # fmt: skip
    for name in names:
        if name not in found:
            raise UsageError(f"{options.data} has no folder named like {name}.")
    return [replace(request, benchmark=name, data=found[name]) for name in dict.fromkeys(names)]


def _run_one(
    request: BenchmarkRequest, segmenter: Segmenter, out: Path, options: argparse.Namespace
) -> None:
    from ..benchmarking.benchmark import run_benchmark
    from ..evaluation.reports.tables import remarks, summary
    from ..progress import ProgressBar
    from .printing import print_whole

    with ProgressBar(request.benchmark, None, "videos") as bar:
        outcome = run_benchmark(
            request,
            segmenter,
            out,
            jobs=options.jobs,
            threads=options.threads,
            begin=bar.begin,
            progress=lambda name, frames: bar.advance(name),
        )
    if outcome.report is not None:
        tables = summary(outcome.report, beside=outcome.paper)
        print_whole(tables, *remarks(outcome.report), *_costs(outcome))
    else:
        print_whole(*_costs(outcome))


def _costs(outcome: Outcome) -> list[Text]:
    """Videos, speed, memory and where everything lies, a line each."""
    from rich.text import Text

    rate = outcome.frames / outcome.seconds if outcome.seconds else 0.0
    lines = []
    told = f"; the paper {outcome.paper_rate:g} on a V100" if outcome.paper_rate else ""
    lines.append(
        f"{outcome.frames} frames, {rate:.1f} frames/s at a short side of {outcome.short_side}"
        f"{told}; memory at most {outcome.peak / 2**20:.0f} MiB"
    )
    if outcome.submission is not None:
        lines += [f"The ground truth is kept back; send {outcome.folder.archive} to the server.",
                  *outcome.submission.notes]  # fmt: skip
    lines.append(f"Predictions: {outcome.folder.predictions}")
    return [Text(printable(line)) for line in lines]
