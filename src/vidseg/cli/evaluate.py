"""``vidseg evaluate``: the official numbers of a benchmark from two folders."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError
from ..evaluation.registry import benchmark_names
from ..terminal import printable
from .parser import positive_count
from .printing import print_whole

if TYPE_CHECKING:
    from ..evaluation.benchmark import Evaluation, Report
    from .parser import Verbs

_EPILOG = """\
benchmarks:
  {names}

examples:
  J&F of DAVIS 2017, every object, the worst first
    vidseg evaluate davis2017 --gt DAVIS --pred results/davis --per object
  VPQ and STQ with two processes, all digits in a file, pictures of the worst videos
    vidseg evaluate vipseg --gt VIPSeg --pred results/vipseg --workers 2 \\
      --json vipseg.json --plot plots/

Both folders are in the benchmark's own layout; docs/evaluate.md shows each.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    names = benchmark_names()
    half = (len(names) + 1) // 2
    parser = verbs.add_parser(
        "evaluate",
        help="the official numbers of a benchmark",
        description="Compares predictions with the ground truth of BENCHMARK, and prints the\n"
        "numbers that its official program would print.",
        epilog=_EPILOG.format(names=" ".join(names[:half]) + "\n  " + " ".join(names[half:])),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("benchmark", metavar="BENCHMARK", help="one of the names below")
    parser.add_argument("--gt", required=True, metavar="DIR", help="the ground truth")
    parser.add_argument("--pred", required=True, metavar="DIR", help="the predictions")
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help="the rules, where more than one set is in use; a wrong name lists them",
    )
    parser.add_argument(
        "--workers", type=positive_count, default=1, metavar="N", help="processes (default: 1)"
    )
    parser.add_argument("--json", metavar="FILE", help="write all figures, with all their digits")
    parser.add_argument(
        "--per", choices=("video", "class", "object"), help="print a breakdown, worst first"
    )
    parser.add_argument(
        "--plot", metavar="DIR", help="write charts, and strips of the worst videos, as PNG"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb. Places of results are tried before anything is measured."""
    from ..evaluation.evaluate import open_evaluation
    from ..evaluation.reports.json_file import write_json
    from ..evaluation.reports.tables import breakdown, remarks, summary
    from ..evaluation.runner import run as measure
    from ..formats.output_places import output_file, output_folder
    from ..progress import ProgressBar

    file = Path(options.json) if options.json else None
    with ExitStack() as stack:
        if file is not None:
            if file.is_dir():
                raise OutputError(f"--json needs the name of a file, and {file} is a folder.")
            stack.enter_context(output_file(file))
        evaluation = open_evaluation(options.benchmark, options.gt, options.pred, options.protocol)
        if options.plot:
            stack.enter_context(output_folder(Path(options.plot)))
        with ProgressBar(options.benchmark, len(evaluation.videos), "videos") as bar:
            report = measure(evaluation, workers=options.workers, progress=bar.advance)
        print_whole(summary(report), "", *remarks(report))
        if file is not None:
            write_json(report, file)
        if options.plot:
            _plot(report, evaluation, options)
    if options.per:
        print_whole(breakdown(report, options.per))
    return 0


def _plot(report: Report, evaluation: Evaluation[Any], options: argparse.Namespace) -> None:
    from ..evaluation.report_notes import counted
    from ..evaluation.reports.plots import WORST, write_plots

    folder = Path(options.plot)
    paths = write_plots(report, evaluation, Path(options.gt), folder)
    which = f"the worst by {report.ranking}" if report.ranking else "the first"
    shown = min(WORST, len(evaluation.videos))
    print(
        f"{counted(len(paths), 'picture', 'pictures')} in {printable(folder)}, with strips of "
        f"{shown} of {counted(len(evaluation.videos), 'video', 'videos')}, {which}."
    )
