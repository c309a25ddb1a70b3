"""Words for labels that a prediction shows and no true object of the video has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from .wording import counted


def stray_notes(
    strays: Collection[tuple[object, object]], folders: Mapping[str, Path]
) -> tuple[str, ...]:
    """One sentence where there are such labels: a colour or a brightness in the place of an id.

    Args:
        strays: (video, label).
        folders: predicted frames of each video.
    """
    if not strays:
        return ()
    video, label = min((str(video), int(str(label))) for video, label in strays)
    others = counted(len(strays) - 1, "more label", "more labels")
    more = f", and so for {others}" if len(strays) > 1 else ""
    return (
        f"{folders[video]} shows the label {label}, which no object of the video has{more}; such "
        "pixels count as background.",
    )
