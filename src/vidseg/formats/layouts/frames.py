"""Frames of a video on disk: a folder of pictures or label maps that are named by frame."""

from __future__ import annotations

import os
from pathlib import Path

from .problems import STRICT, Problems

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")
MAP_ENDINGS = (".png",)


def frame_files(
    folder: Path, endings: tuple[str, ...] = PICTURE_ENDINGS, problems: Problems = STRICT
) -> dict[str, Path]:
    """Name without ending → file, in order; none where the folder is missing.

    Whatever else lies there is a warning, two files of one frame are an error.
    """
    frames: dict[str, Path] = {}
    if not folder.is_dir():
        return frames
    with os.scandir(folder) as entries:
        found = [(folder / entry.name, entry.is_dir()) for entry in entries]
    for path, is_folder in sorted(found, key=lambda each: (each[0].stem, each[0].name)):
        frame = path.stem
        if is_folder or path.suffix.lower() not in endings or frame.startswith("."):
            problems.warning("extra files", path, f"{path} is no frame of a video; remove it.")
        elif frame in frames:
            other = frames[frame].name
            problems.error(
                "extra files",
                path,
                f"{path} and {other} are the same frame; remove one of them.",
            )
        else:
            frames[frame] = path
    return frames


def find_picture(folder: Path, frame: str) -> Path | None:
    """The picture of a frame, whatever its ending; None where there is none."""
    endings = (*PICTURE_ENDINGS, *(ending.upper() for ending in PICTURE_ENDINGS))
    candidates = (folder / f"{frame}{ending}" for ending in endings)
    return next((path for path in candidates if path.is_file()), None)
