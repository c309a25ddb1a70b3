"""``vidseg weights finish``: a trained small model made ready for use."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import printable

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "finish",
        help="calibrate a trained small model and store it in half precision",
        description="Takes the mean of a trained model and the one that it was trained from, if "
        "asked for; calibrates the pixel memory, which short clips and moved stills do not teach; "
        "and stores the model in half precision.",
        epilog="examples:\n"
        "  vidseg weights finish runs/nano_stage3/model --out my-nano\n"
        "  vidseg weights finish runs/later/model --mean-with runs/first/model --out my-nano",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "trained", metavar="MODEL", type=Path, help="model folder, such as runs/nano_stage3/model"
    )
    parser.add_argument(
        "--mean-with", type=Path, metavar="DIR", help="model folder that it was trained from"
    )
    parser.add_argument(
        "--share", type=_share, default=0.5, help="weight of MODEL in the mean, 0..1 (0.5)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder to write")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: the folder on stdout."""
    from ..formats.output_places import output_folder
    from ..training.calibration import finish

    with output_folder(options.out):
        finish(options.trained, options.out, mean_with=options.mean_with, share=options.share)
    print(printable(options.out))
    return 0


def _share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"needs a number from 0 to 1, not {text!r}")
    return value
