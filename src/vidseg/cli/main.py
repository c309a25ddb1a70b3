"""Entry point: picks the verb, and turns errors into one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import VidsegError

if TYPE_CHECKING:
    from .parser import Parser

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def build_parser() -> Parser:
    """The whole command line. Imports here, so that :func:`main` hears a Ctrl-C meanwhile."""
    from . import ablation, benchmark, data, demo, evaluate, segment, submit, train, weights
    from .parser import Parser

    parser = Parser(
        prog="vidseg",
        description="One model, one call, every video-segmentation task.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"vidseg {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    segment.add_parser(verbs)
    demo.add_parser(verbs)
    evaluate.add_parser(verbs)
    benchmark.add_parser(verbs)
    data.add_parser(verbs)
    submit.add_parser(verbs)
    train.add_parser(verbs)
    ablation.add_parser(verbs)
    weights.add_parser(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code.

    0: done · 2: the input is wrong, one sentence on stderr says what · 130: stopped by Ctrl-C ·
    141: whoever read the output went away.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name must not fail on a console without it
    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
    except VidsegError as error:
        print(f"vidseg: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt as interrupt:
        print(f"vidseg: {str(interrupt) or 'Interrupted.'}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; that must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code
