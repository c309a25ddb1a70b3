"""Where the readers of a layout report what is wrong with files.

One reader serves both kinds of callers: with :class:`Strict` the first error stops it, with
:class:`Findings` it goes on and all faults are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

from ...errors import DataError

Severity = Literal["error", "warning"]


class Problems(Protocol):
    """Takes faults; after each the caller leaves out what is faulty and goes on."""

    def error(self, group: str, file: Path | str, sentence: str) -> None:
        """A fault that makes files useless or numbers wrong."""
        ...

    def warning(self, group: str, file: Path | str, sentence: str) -> None:
        """A fault that may be wanted, such as a subset of a release."""
        ...


class Strict:
    """Raises the first error as a DataError and lets warnings pass."""

    def error(self, group: str, file: Path | str, sentence: str) -> None:
        """Raises DataError with the sentence."""
        raise DataError(sentence)

    def warning(self, group: str, file: Path | str, sentence: str) -> None:
        """Nothing: what may be wanted does not stop a reader."""


STRICT = Strict()


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        severity: an error makes the files useless or the numbers wrong; a warning may be wanted,
            such as a subset of a release.
        group: what kind of fault, a few words; findings are shown by group.
        file: the file or folder to look at.
        sentence: what is wrong and what to do; names the file.
    """

    severity: Severity
    group: str
    file: str
    sentence: str


class Findings:
    """All faults of one check, in the order in which they were met."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def error(self, group: str, file: Path | str, sentence: str) -> None:
        """Adds a fault that must be mended."""
        self._found.append(Finding("error", group, str(file), sentence))

    def warning(self, group: str, file: Path | str, sentence: str) -> None:
        """Adds a fault that may be wanted."""
        self._found.append(Finding("warning", group, str(file), sentence))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> int:
        """How many are errors."""
        return sum(finding.severity == "error" for finding in self._found)

    @property
    def warnings(self) -> int:
        """How many are warnings."""
        return len(self._found) - self.errors

    def groups(self) -> dict[str, list[Finding]]:
        """By group, those with errors first, else in the order of their first finding."""
        grouped: dict[str, list[Finding]] = {}
        for finding in self._found:
            grouped.setdefault(finding.group, []).append(finding)
        worst_first = sorted(
            grouped, key=lambda group: all(f.severity == "warning" for f in grouped[group])
        )
        return {group: grouped[group] for group in worst_first}

    def rows(self) -> list[dict[str, str]]:
        """One dict a finding, ready for JSON."""
        return [asdict(finding) for finding in self._found]


def listed(items: Iterable[object], most: int = 5) -> str:
    """``1, 2, 3 and 4 more``: the first few of a list in words."""
    words = [str(item) for item in items]
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
