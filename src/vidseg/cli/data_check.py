"""``vidseg data check``: everything that is wrong with a dataset on disk."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import console, printable

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "check",
        help="find everything that is wrong with a dataset on disk",
        description="Looks at every file of a dataset in the layout of its release and lists all "
        "that is missing, damaged or contradictory. Exit code 2 where there are errors; warnings, "
        "such as counts that differ from the release, leave it 0.",
        epilog="examples:\n"
        "  vidseg data check davis2017 DAVIS\n"
        "  vidseg data check coco_instances coco --split val --json faults.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help="such as davis2017, ovis or coco_instances")
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of the release")
    parser.add_argument("--split", metavar="NAME", help="the only part to look at (default: all)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the list there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Checks and prints; 2 where there are errors."""

    from ..datasets.checks.registry import check_dataset
    from ..progress import ProgressBar
    from .findings_table import print_findings

    with ProgressBar("checked", unit="") as progress:
        findings, counts = check_dataset(
            options.name, options.folder, options.split, progress.advance
        )
    if options.json is not None:
        content = {
            "dataset": options.name,
            "folder": str(options.folder),
            "counts": counts,
            "errors": findings.errors,
            "warnings": findings.warnings,
            "findings": findings.rows(),
        }
        _write(options.json, content)
    terminal = console(soft_wrap=True)
    if not print_findings(findings) and options.json is None:
        terminal.print("--json FILE writes all of them.")
    for part, numbers in counts.items():
        told = ", ".join(f"{number} {what}" for what, number in numbers.items())
        terminal.print(f"{printable(part) or options.name}: {told}", markup=False)
    if not len(findings):
        terminal.print(f"{printable(options.folder)}: nothing is wrong.", markup=False)
    return 2 if findings.errors else 0


def _write(path: Path, content: dict[str, object]) -> None:
    from ..formats.atomic import replacing
    from ..formats.output_places import output_file

    with output_file(path), replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
