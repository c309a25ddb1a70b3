"""Datasets with a folder for each split, and in it pictures, maps of objects and ``meta.json``.

<split>/                                  or such a folder itself
  JPEGImages/<video>/<frame>.jpg
  Annotations/<video>/<frame>.png
  meta.json                               videos.<video>.objects: numbers, or by number
                                          {category, frames}; also length, height and width
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..plain_values import shown
from .places import path_inside
from .problems import STRICT, Problems
from .rows import Row, is_id, is_name, json_object, numbered, row_size, whole_number

PICTURES, MAPS = "JPEGImages", "Annotations"
HIGHEST_ID = 255


def parts(root: Path, splits: Sequence[str], split: str | None = None) -> dict[str, Path]:
    """Split → its folder, for those that are there and asked for, in the order of ``splits``.

    Where ``root`` is such a folder itself it is of the split that is asked for, "" for none.
    """
    found = {name: root / name for name in (splits if split is None else (split,))}
    found = {name: folder for name, folder in found.items() if _is_part(folder)}
    return found or ({split or "": root} if _is_part(root) else {})


def one_part(root: Path, splits: Sequence[str], split: str | None) -> Path:
    """The folder of a split, or of the only one that is there.

    Raises DataError where there is none, or several and none was named.
    """
    there = parts(root, splits, split)
    if len(there) == 1:
        return next(iter(there.values()))
    if there:
        raise DataError(
            f"{root} holds the splits {', '.join(there)}; choose one of them with --split."
        )
    if split is not None:
        raise DataError(f"{root} has no folder {split} for the split of that name.")
    raise DataError(
        f"{root} has neither a folder {PICTURES} or {MAPS} nor one of a split "
        f"({', '.join(splits)})."
    )


def _is_part(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in (PICTURES, MAPS))


@dataclass(frozen=True)
class ListedObject:
    """An object of a video.

    Attributes:
        category: its name; None where the file does not tell.
        frames: in which it is seen, in order; none where the file does not tell.
    """

    category: str | None = None
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedVideo:
    """A video of ``meta.json``.

    Attributes:
        objects: by id, from 1 to 255.
        size: (height, width); None where the file does not tell.
        length: its frames; None where the file does not tell.
    """

    objects: Mapping[int, ListedObject] = field(repr=False)
    size: tuple[int, int] | None = None
    length: int | None = None


def videos_by_name(source: Path, problems: Problems) -> Iterator[tuple[str, Row]]:
    """(name, row) of the object ``videos`` of a JSON file, in order."""
    content = json_object(source, problems)
    if content is None:
        return
    rows = content.get("videos")
    if not isinstance(rows, dict):
        problems.error("unreadable files", source, f'{source} has no videos under "videos".')
        return
    for name, row in rows.items():
        if path_inside(source.parent, name, source, problems) is None:
            continue
        if isinstance(row, dict):
            yield name, row
        else:
            problems.error(
                "unreadable files", source, f"{source} tells nothing of the video {name}."
            )


def read_meta(source: Path, problems: Problems = STRICT) -> dict[str, ListedVideo]:
    """Name → video, in the order of the file; what is faulty is reported and left out."""
    found = {}
    for video, row in videos_by_name(source, problems):
        objects = row.get("objects")
        if not isinstance(objects, (dict, list)):
            problems.error(
                "unreadable files", source, f"{source} lists no objects of the video {video}."
            )
            continue
        listed = objects if isinstance(objects, dict) else dict.fromkeys(map(str, objects))
        length = row.get("length")
        found[video] = ListedVideo(
            _objects(listed, video, source, problems),
            row_size(row, f"{source}: {video}", source, problems, needed=False),
            None if length is None else whole_number(row, "length", video, source, problems),
        )
    return found


def _objects(rows: Row, video: str, source: Path, problems: Problems) -> dict[int, ListedObject]:
    found: dict[int, ListedObject] = {}
    for id, row in rows.items():
        number = numbered(id)
        if number is None or not 1 <= number <= HIGHEST_ID or number in found:
            problems.error(
                "ids",
                source,
                f"{source} lists {shown(id)} as an object of {video}; 1 to {HIGHEST_ID}, each "
                "once, are wanted.",
            )
            continue
        if row is not None and not isinstance(row, dict):
            problems.error(
                "unreadable files",
                source,
                f"{source} tells of object {id} of {video} by {shown(row)}; an object of JSON is "
                "wanted.",
            )
        about: Mapping[str, Any] = row if isinstance(row, dict) else {}
        category, frames = about.get("category"), about.get("frames", [])
        if category is not None and not is_name(category):
            problems.error(
                "classes",
                source,
                f"{source} gives object {id} of {video} the class {shown(category)}, which "
                "is no name.",
            )
            category = None
        if not isinstance(frames, list) or not all(map(is_id, frames)):
            problems.error(
                "unreadable files", source, f"{source} gives object {id} of {video} no list frames."
            )
            frames = []
        found[number] = ListedObject(category, tuple(map(str, frames)))
    return found
