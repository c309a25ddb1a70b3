"""The parser of the command line: every error is one sentence."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from ..errors import VidsegError

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction["Parser"]


_MOST_DIGITS = 18  # of a count; what is larger is no count of anything


class UsageError(VidsegError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of printing the usage text and leaving."""

    settings: str | None = None
    """Destination of ``key=value`` words, which may then stand anywhere on the line."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse, which by itself finds no positional words on both sides of an option."""
        options, rest = super().parse_known_args(args, namespace)
        if self.settings is not None:
            late = [word for word in rest if "=" in word and not word.startswith("-")]
            setattr(options, self.settings, [*getattr(options, self.settings), *late])
            rest = [word for word in rest if word not in late]
        return options, rest

    def error(self, message: str) -> NoReturn:
        """Called by argparse with its own words."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        raise UsageError(f"{sentence}; see {self.prog} --help.")


def device_name(text: str) -> str:
    """An argparse type: auto, cpu, mps, cuda or cuda:N."""
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text) is None:
        raise argparse.ArgumentTypeError(f"needs auto, cpu, cuda or mps, not {text!r}")
    return text


def positive_count(text: str) -> int:
    """An argparse type: a whole number of 1 or more."""
    return _count(text, 1)


def count_or_zero(text: str) -> int:
    """An argparse type: a whole number of 0 or more."""
    return _count(text, 0)


def _count(text: str, least: int) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < least:
        shown = text if len(text) < 2 * _MOST_DIGITS else f"{text[:_MOST_DIGITS]}..."
        raise argparse.ArgumentTypeError(f"needs a whole number of {least} or more, not {shown!r}")
    return int(text)
