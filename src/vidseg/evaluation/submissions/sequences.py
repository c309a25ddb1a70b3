"""A folder of PNG files that a submission must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.frames import frame_files
from ...pictures.listing import is_hidden


@dataclass(frozen=True)
class Sequence:
    """One folder of PNG files that is asked for.

    Attributes:
        frames: name of a frame without ending → a file of its size, or None where there is none.
        free: frames that may be left out, because no object is given before them.
        ids: ids that a PNG may hold, asked for once the video is checked; None for any.
    """

    frames: Mapping[str, Path | None]
    free: frozenset[str] = frozenset()
    ids: Callable[[], frozenset[int]] | None = field(default=None, compare=False)


def folders_of(root: Path) -> dict[str, Sequence]:
    """One sequence a folder. DataError where there is none."""
    found = {
        folder.name: Sequence(frame_files(folder))
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not is_hidden(folder.name)
    }
    if not found:
        raise DataError(f"There is no folder of a video in {root}.")
    return found
