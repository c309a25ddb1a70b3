"""Exceptions that callers may catch. Each message says what, where and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_OS_REASON = re.compile(r"([^:]+) \(os error \d+\)")  # inside what safetensors says
_ENDLESS = re.compile(r"[^\s/\\]{300,}")  # names of files have 255 characters at most
_SHOWN = 100
_LONGEST_CLAUSE = 300  # of what another library says
_ALIKE = 0.5  # similarity from which on a name may have been meant


class VidsegError(Exception):
    """Base of every error that is about the caller's input. The terminal shows its text only.

    What a message quotes from a file may be endless; of a word that no name of a file can be, the
    beginning is shown.
    """

    def __str__(self) -> str:
        return _ENDLESS.sub(lambda word: f"{word[0][:_SHOWN]}...", super().__str__())


class SourceError(VidsegError):
    """A video, image folder, camera or stream that cannot be read."""


class PromptError(VidsegError):
    """A point, box, mask, scribble or sentence that cannot be used."""


class VocabularyError(VidsegError):
    """Category names or a vocabulary that is unknown, empty or contradictory."""


class ModelError(VidsegError):
    """A model that cannot be found or read, or that cannot do what was asked."""


class OutputError(VidsegError):
    """A place that results cannot be written to."""


class DataError(VidsegError):
    """A dataset or label file that is missing, damaged or inconsistent."""


class RecipeError(VidsegError):
    """A training recipe with an unknown key, a value of the wrong type, or settings at odds."""


class TrainingError(VidsegError):
    """A training run that cannot start or go on: processes, checkpoints, losses."""


def clause(reason: object) -> str:
    """First line of a foreign message without its full stop, to be put into a sentence.

    Characters that cannot be shown, which it may have quoted from a file, are written as escapes.

    >>> clause("No space left on device.\\nErrno 28")
    'No space left on device'
    """
    lines = str(reason).strip().splitlines() or [type(reason).__name__]
    line = lines[0].strip().rstrip(".")
    line = line if len(line) <= _LONGEST_CLAUSE else f"{line[:_LONGEST_CLAUSE]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def disk_reason(error: Exception) -> str:
    """Why the disk did not take a file, in few words, whichever library says so.

    >>> disk_reason(ValueError("I/O error: No space left on device (os error 28)"))
    'No space left on device'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    reason = _OS_REASON.search(str(error))
    return reason[1].strip() if reason else clause(error)


def nearest_hint(name: str, known: Iterable[str], form: str = "; the nearest is {!r}") -> str:
    """``form`` with the known name that is most like ``name``; empty where none is like it.

    Case, spaces, hyphens and underscores do not count.

    >>> nearest_hint("VIPSegg", ["vipseg", "coco"], " Did you mean {!r}?")
    " Did you mean 'vipseg'?"
    """
    by_key = {comparable(each): each for each in known}
    near = get_close_matches(comparable(name), by_key, n=1, cutoff=_ALIKE)
    return form.format(by_key[near[0]]) if near else ""


def comparable(name: str) -> str:
    """The name in small letters, with one space for each run of spaces, hyphens, underscores."""
    return re.sub(r"[\s_-]+", " ", name).strip().lower()
