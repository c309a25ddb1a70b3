"""Lists of the videos of a split: text files of one name a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from ...errors import DataError
from ..texts import read_text
from .places import path_inside
from .problems import STRICT, Problems, listed


def read_names(file: Path, problems: Problems = STRICT) -> tuple[str, ...]:
    """Names of videos in the order of the file, each once.

    Lines of DAVIS 2016, which are paths ``/JPEGImages/480p/<video>/<frame>.jpg ...``, give their
    video. A file that cannot be read, or is empty, and names that come twice or lead out of the
    folder are reported.
    """
    try:
        lines = read_text(file, "list of videos").splitlines()
    except DataError as error:
        problems.error("splits", file, str(error))
        return ()
    words = [line.split()[0] for line in lines if line.strip()]
    of_frames = any(word.startswith("/") for word in words)
    names = [word.split("/")[-2] if word.startswith("/") else word for word in words]
    found = tuple(dict.fromkeys(names))
    if not found:
        problems.error("splits", file, f"The list of videos {file} is empty.")
    if len(found) < len(names) and not of_frames:
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        what = f"the video{'s' if len(twice) > 1 else ''} {listed(twice)}"
        problems.error("splits", file, f"{file} lists {what} more than once.")
    return tuple(n for n in found if path_inside(file.parent, n, file, problems) is not None)


def read_videos(file: Path, *folders: Path, problems: Problems = STRICT) -> tuple[str, ...]:
    """The names of a list that have a folder in one of ``folders``; the others are reported."""
    return keep_videos(read_names(file, problems), file, *folders, problems=problems)


def keep_videos(
    names: Collection[str], file: Path, *folders: Path, problems: Problems = STRICT
) -> tuple[str, ...]:
    """Those of the names of ``file`` that have a folder; the others are reported."""
    kept = []
    for name in names:
        if any((folder / name).is_dir() for folder in folders):
            kept.append(name)
        else:
            problems.error(
                "splits",
                file,
                f"{file} names {name}, but there is no folder {folders[0] / name}; download the "
                "video or take it off the list.",
            )
    return tuple(kept)
