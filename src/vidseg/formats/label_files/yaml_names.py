"""The class names of YOLO's data.yaml, without a YAML library."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ...errors import DataError


def class_names(path: Path) -> list[str]:
    """Names in the order of their numbers, of ``names`` in a YAML or of the lines of a text.

    Understood are ``names: [a, b]``, ``names: {0: a, 1: b}``, a block of ``- a`` and a block of
    ``0: a``. Raises DataError for anything else and for numbers with gaps.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the class list {path}: {error}") from error
    if path.suffix == ".txt":
        return [line.strip() for line in lines if line.strip()]
    for position, line in enumerate(lines):
        match = re.match(r"names\s*:\s*(.*)$", line)
        if match:
            rest = _without_comment(match.group(1))
            names = _flow(rest, lines[position + 1 :]) if rest else _block(lines[position + 1 :])
            if names:
                return names
    raise DataError(f"{path} has no list of names that can be read; give one with --categories.")


def _block(lines: list[str]) -> list[str]:
    names: list[str] = []
    for line in lines:
        text = _without_comment(line)
        if not text:
            continue
        match = re.match(r"(?:-\s+|(\d+)\s*:\s*)(.+)$", text)
        if match is None or (not line[0].isspace() and line[0] != "-"):
            break
        if match.group(1) is not None and int(match.group(1)) != len(names):
            return []
        names.append(_plain(match.group(2)))
    return names


def _flow(text: str, lines: list[str]) -> list[str]:
    end = "}" if text[0] == "{" else "]"
    if text[0] not in "[{":
        return []
    for line in lines:
        if text.endswith(end):
            break
        text += " " + _without_comment(line)
    parts = re.findall(r"""("(?:\\.|[^"\\])*"|'[^']*'|[^,"']+)\s*(?:,|$)""", text[1:-1])
    if end == "]":
        return [_plain(part) for part in parts]
    pairs = [
        re.match(r"(\d+)\s*:\s*(.+)$", p) for p in re.split(r",\s*(?=\d+\s*:)", text[1:-1].strip())
    ]
    if any(pair is None or int(pair.group(1)) != n for n, pair in enumerate(pairs)):
        return []
    return [_plain(pair.group(2)) for pair in pairs if pair is not None]


def _without_comment(line: str) -> str:
    return re.sub(r"""(^|\s)#[^"']*$""", "", line).strip()


def _plain(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        return str(json.loads(text))
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return text
