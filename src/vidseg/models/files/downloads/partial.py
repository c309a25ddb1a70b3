"""The beginning of a file, with a note of what it is the beginning of."""

from __future__ import annotations

import json
import shutil
from email.message import Message
from pathlib import Path
from typing import IO, Any

from ....errors import OutputError


class Partial:
    """A file that is still coming, beside the place where it will be.

    Args:
        target: that place; its folder exists.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.part")
        self._notes = target.with_name(f".{target.name}.part.json")

    @property
    def length(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def resumable(self, url: str) -> tuple[int, str | None]:
        """Bytes that are here and what the server can tell the file by; (0, None) to start anew."""
        try:
            notes: Any = json.loads(self._notes.read_text(encoding="utf-8"))
            validator = notes["validator"] if notes["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return 0, None
        there = self.length
        return (there, validator) if there and isinstance(validator, str) else (0, None)

    def remember(self, url: str, headers: Message) -> None:
        """Writes down what the bytes to come are of. Raises OutputError."""
        notes = json.dumps({"url": url, "validator": validator_of(headers)})
        try:
            self._notes.write_text(notes, encoding="utf-8")
        except OSError as error:
            raise self.disk_error(error) from error

    def open(self, *, anew: bool) -> IO[bytes]:
        """To write at the start or at the end. Raises OutputError."""
        try:
            return self.path.open("wb" if anew else "ab")
        except OSError as error:
            raise self.disk_error(error) from error

    def check_space(self, needed: int) -> None:
        """Raises OutputError where so many more bytes do not fit on the disk."""
        free = shutil.disk_usage(self.path.parent).free
        if free < needed:
            raise OutputError(
                f"{self.path.parent} has {free:,} bytes left, but {needed:,} are still to come; "
                f"make room or choose another folder."
            )

    def become(self, target: Path) -> None:
        """Puts the whole file in its place in one step. Raises OutputError."""
        try:
            self.path.replace(target)
            self._notes.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{target} cannot be written: {error.strerror or error}; choose another folder."
            ) from error

    def discard(self) -> None:
        """Removes it."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def disk_error(self, error: OSError) -> OutputError:
        """What to raise where the disk does not take the bytes."""
        return OutputError(
            f"{self.path.parent} cannot be written to: {error.strerror or error}; make room or "
            f"choose another folder, then run it again to go on."
        )


def validator_of(headers: Message) -> str | None:
    """A strong entity tag or the time of the last change, as ``If-Range`` takes them."""
    tag: str | None = headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    changed: str | None = headers.get("Last-Modified")
    return changed
