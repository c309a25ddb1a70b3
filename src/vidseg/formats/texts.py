"""Text files as editors on every system save them: the one reader of text that people wrote."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import DataError


def read_text(path: Path, what: str) -> str:
    """The text of a file; a byte order mark says that it is UTF-16 or UTF-32, else it is UTF-8.

    Args:
        path: the file.
        what: it in words, for the sentence: "class list".

    Raises DataError where the file cannot be read, or is of another encoding.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read the {what} {path}: {error.strerror or error}.") from error
    encoding = json.detect_encoding(content)  # marks, and the zeros of UTF-16 without one
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise DataError(
            f"The {what} {path} is not written in {name} (line "
            f"{content.count(10, 0, error.start) + 1}, byte 0x{content[error.start]:02x}); save it "
            "as UTF-8."
        ) from error
