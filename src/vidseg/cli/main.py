"""Entry point: picks the verb, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import VidsegError
from ..interrupts import Stopped, stop_signals
from ..terminal import printable, safe_streams
from .parser import UsageError

if TYPE_CHECKING:
    from .parser import Parser

EXIT_BAD_INPUT = 2
EXIT_BROKEN_PIPE = 141
_SIGNALLED = 128  # and the number of the signal


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

    0: done · 2: the input is wrong, one sentence on stderr says what · 130: stopped by Ctrl-C,
    143 by SIGTERM, 129 by SIGHUP ·
    141: whoever read the output went away.
    """
    with safe_streams(), stop_signals(at_once=_leave_nothing):
        return _run(sys.argv[1:] if arguments is None else arguments)


def _leave_nothing() -> None:
    """Removes what is half-written, for a process that is about to end at once."""
    from ..formats.atomic import discard_pending
    from ..formats.output_places import discard_locks

    discard_pending()
    discard_locks()


def _run(arguments: Sequence[str]) -> int:
    try:
        if any("\0" in word for word in arguments):
            raise UsageError("An argument holds a NUL character, which no name can have.")
        options = build_parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
    except VidsegError as error:
        print(f"vidseg: {printable(' '.join(str(error).split()))}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt as interrupt:
        print(f"vidseg: {printable(str(interrupt) or 'Interrupted.')}", file=sys.stderr)
        return _SIGNALLED + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)
    except BrokenPipeError:
        # Python flushes stdout once more at exit; that must not fail a second time.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code
