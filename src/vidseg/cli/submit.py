"""``vidseg submit``: predictions packed as an evaluation server wants them, after a check."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import console, printable

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "submit",
        help="check predictions and pack them for an evaluation server",
        description="Checks predictions and packs them in the layout that the evaluation server "
        "of a benchmark asks for. With anything wrong, all of it is listed and nothing written.",
        epilog="examples:\n"
        "  vidseg submit ytvis2021 out/results.json submission.zip --gt youtube_vis/valid.json\n"
        "  vidseg submit mose out/mose submission.zip --gt MOSE/valid",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("benchmark", metavar="BENCHMARK", help="such as ovis, mose or davis2017")
    parser.add_argument("pred", metavar="PRED", type=Path, help="folder or file of predictions")
    parser.add_argument("archive", metavar="ZIP", type=Path, help="the zip file to write")
    parser.add_argument(
        "--gt",
        metavar="DIR",
        type=Path,
        help="the dataset as released: its pictures and lists say which files must be there",
    )
    parser.add_argument(
        "--split", metavar="NAME", help="part of the dataset (default: the one a server takes)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Checks, writes and prints the summary; 2 where something is wrong."""

    from ..evaluation.submit import submit
    from ..progress import ProgressBar
    from .findings_table import print_findings

    with ProgressBar("checking", unit="") as progress:
        submission = submit(
            options.benchmark,
            options.pred,
            options.archive,
            truth=options.gt,
            split=options.split,
            progress=progress.advance,
        )
    if submission.findings.errors:
        print_findings(submission.findings)
        return 2
    print_findings(submission.findings)
    terminal = console(soft_wrap=True)
    megabytes = submission.size / 1e6
    terminal.print(
        f"{printable(options.archive)}: {submission.files} files, {megabytes:.1f} MB", markup=False
    )
    for note in submission.notes:
        terminal.print(printable(note), markup=False)
    return 0
