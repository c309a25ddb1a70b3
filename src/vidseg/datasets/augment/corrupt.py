"""Samples that cannot be read: told once, replaced, and too many are an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...errors import DataError


@dataclass(frozen=True)
class Fault:
    """A sample that could not be read.

    Attributes:
        dataset, video: which.
        message: what is wrong, with the file.
    """

    dataset: str
    video: str
    message: str


class FaultLog:
    """Counts the videos and stills that could not be read.

    Args:
        limit: so many of them are borne.
        report: is given one line about each, once.
    """

    def __init__(self, limit: int, report: Callable[[str], None]) -> None:
        self._limit = limit
        self._report = report
        self._seen: set[tuple[str, str]] = set()

    def add(self, faults: Iterable[Fault]) -> None:
        """Notes faults. Raises DataError where they are more than the limit."""
        for fault in faults:
            key = fault.dataset, fault.video
            if key in self._seen:
                continue
            self._seen.add(key)
            if len(self._seen) > self._limit:
                raise DataError(
                    f"{len(self._seen)} samples cannot be read, and data.corrupt_limit is "
                    f"{self._limit}; the last one, of {fault.dataset}: {fault.message}"
                )
            self._report(f"{fault.dataset}: another sample is taken instead: {fault.message}")
