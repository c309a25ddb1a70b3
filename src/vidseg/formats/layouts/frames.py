"""Frames of a video on disk: a folder of pictures or label maps that are named by frame."""

from __future__ import annotations

import os
from pathlib import Path

from ...pictures import listing
from ...pictures.listing import PICTURE_ENDINGS, frame_order, is_hidden, split_ending
from .problems import STRICT, Problems

MAP_ENDINGS = (".png",)


def frame_files(
    folder: Path, endings: tuple[str, ...] = PICTURE_ENDINGS, problems: Problems = STRICT
) -> dict[str, Path]:
    """Name without ending → file, in order; none where the folder is missing.

    Whatever else lies there is a warning, two files of one frame are an error; hidden files are
    passed over.
    """
    frames: dict[str, Path] = {}
    if not folder.is_dir():
        return frames
    try:
        with os.scandir(folder) as entries:
            found = [(each.name, _is_folder(each)) for each in entries if not is_hidden(each.name)]
    except OSError as error:
        problems.error("unreadable files", folder, f"{folder} cannot be listed: {error.strerror}.")
        return frames
    for name, is_folder in sorted(found, key=lambda each: frame_order(each[0])):
        path = folder / name
        frame, ending = split_ending(name, endings)
        if is_folder or not ending:
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


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is one, or a link to one; a link to itself is a file that cannot be read."""
    if entry.is_symlink():
        return Path(entry).is_dir()  # which forgives such a link
    return entry.is_dir()


def find_picture(folder: Path, frame: str) -> Path | None:
    """The picture of a frame, whatever its ending; None where there is none."""
    return listing.find_picture(folder / frame)
