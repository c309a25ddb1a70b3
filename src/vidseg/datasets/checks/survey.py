"""What a check carries along: findings, counts and who is told of progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts.problems import Findings
from ...formats.reading import read_any_json


class Survey:
    """One dataset being checked.

    Args:
        split: the only part to look at; None for every part that is there.
        progress: told the name of each video or still that is done.
    """

    def __init__(
        self, split: str | None = None, progress: Callable[[str], None] | None = None
    ) -> None:
        self.findings = Findings()
        self.split = split
        self.counts: dict[str, dict[str, int]] = {}
        """Part → what → how many were found; "" for the dataset as a whole."""
        self.progress = progress or (lambda _: None)

    def count(self, part: str, what: str, number: int = 1) -> None:
        """Adds to a count."""
        counts = self.counts.setdefault(part, {})
        counts[what] = counts.get(what, 0) + number

    def wants(self, part: str) -> bool:
        """Whether this part is asked for."""
        return self.split is None or self.split == part

    def json(self, file: Path, kind: type = dict) -> Any:
        """Content of a JSON file, or None after a finding where it cannot be read."""
        try:
            content = read_any_json(file)
        except DataError as error:
            self.findings.error("unreadable files", file, str(error))
            return None
        if not isinstance(content, kind):
            name = "object" if kind is dict else "list"
            self.findings.error(
                "unreadable files", file, f"{file} holds no JSON {name}; download it again."
            )
            return None
        return content

    def absent(self, path: Path, what: str) -> None:
        """Something without which a part cannot be checked."""
        self.findings.error(
            "missing files", path, f"There is no {path}, {what}; name the folder of the release."
        )
