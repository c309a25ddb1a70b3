"""Tasks of Label Studio's JSON: which picture, which regions, and their pixels.

A region is drawn by what its ``value`` holds: brush strokes ("rle"), a polygon ("points"), an
ellipse ("radiusX") or a rectangle ("width"), in percent of the picture. A tool that draws and a
tool that names give two rows of one id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from ...errors import DataError
from ...geometry.rings import ring_points
from ...types import MaskArray
from ..layouts.problems import STRICT
from ..layouts.rows import Row, is_name, row_size
from ..plain_values import shown, typed
from .base import ReadOptions
from .brush_rle import decode_brush
from .object_ids import plain_id
from .pictures import split_ending, split_stem
from .polygons import fill
from .shapes import ellipse, rectangle

_SHAPES = {"rle": "brush", "points": "polygon", "radiusX": "ellipse", "width": "rectangle"}
_SAID = ("choices", "textarea", "number", "rating", "taxonomy", "relation", "datetime", "pairwise")
_NAMES = tuple(f"{shape}labels" for shape in ("brush", "polygon", "ellipse", "rectangle", ""))


@dataclass(eq=False)
class Task:
    """One picture and its regions.

    Attributes:
        video, frame: names; of a still the path of its picture and the last part of that.
        number: place of the frame in its video; None of a still.
        ending: of the picture; empty where it has none.
        size: (height, width); None where neither task nor regions tell.
        labelled: whether it has an annotation.
        predicted: whether it has predictions alone.
        regions: id → its rows, which are drawn together.
    """

    video: str
    frame: str
    number: int | None
    ending: str
    size: tuple[int, int] | None
    labelled: bool = False
    predicted: bool = False
    regions: dict[str, list[Row]] = field(default_factory=dict, repr=False)

    def labels(self) -> list[str]:
        """Names of classes in use, by order."""
        found = [label_of(parts) for parts in self.regions.values()]
        return [label for label in found if label is not None]


def read_task(row: Any, position: int, path: Path, options: ReadOptions) -> Task:
    """A row of an export. Raises DataError, naming the file and the task."""
    if not isinstance(row, dict) or not isinstance(row.get("data"), dict):
        raise DataError(
            f"{path}: task {position} has no 'data'; export from Label Studio as JSON, not as "
            "JSON-MIN."
        )
    where = f"{path}: task {plain_id(row.get('id')) or position}"
    task = _of_data(row["data"], where, path)
    done = [a for a in _dicts(row, "annotations", where) if not a.get("was_cancelled")]
    if len(done) > 1:
        options.log.note(
            "Of several annotations of a task the last that is not cancelled is read.", where
        )
    task.labelled = bool(done)
    task.predicted = not done and bool(_dicts(row, "predictions", where))
    for place, region in enumerate(_dicts(done[-1], "result", where) if done else ()):
        _add(task, region, place, where, path, options)
    return task


def _dicts(row: Row, key: str, where: str) -> list[Row]:
    listed = [] if row.get(key) is None else row[key]
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise DataError(f"{where} has {key!r} that are no list of objects.")
    return listed


def _of_data(data: Row, where: str, path: Path) -> Task:
    stem, ending = split_ending(_path(_picture(data, where)))
    stem = stem.lstrip("/")
    size = row_size(data, where, path, STRICT, needed=False)
    number = plain_id(data.get("frame"))
    if is_name(data.get("video")) and isinstance(number, int):
        video = str(data["video"])
        return Task(video, _below(stem, video), number, ending, size)
    return Task(*split_stem(stem), None, ending, size)


def _add(task: Task, region: Row, place: int, where: str, path: Path, options: ReadOptions) -> None:
    kind, value = str(region.get("type")), region.get("value")
    shape = _shape(value) if isinstance(value, dict) and kind not in _SAID else None
    drawn = "original_width" in region or kind.startswith("video")
    if shape is None and (kind in _SAID or not drawn):
        options.log.note(
            "Relations, choices and texts of Label Studio are left out.", f"{where}: {kind}"
        )
        return
    if shape is None:
        options.left_out(f"{where}:", kind)
        return
    if region.get("image_rotation"):
        raise DataError(f"{where}: its picture is rotated; turn the picture itself.")
    told = {"height": region.get("original_height"), "width": region.get("original_width")}
    size = row_size(told, f"{where}, a region", path, STRICT)
    if size != (task.size or size):
        raise DataError(f"{where} has regions on pictures of several sizes.")
    task.size = size
    if shape == "rectangle" and not options.boxes_as_regions:
        options.left_out(f"{where}: a", shape)
        return
    try:
        typed(region.get("score"), float | None, "score")
    except ValueError as error:
        raise DataError(f"{where}, a region: {error}") from error
    if len(_names(region)) > 1:
        options.log.note("Regions with several labels keep the first.", where)
    id = plain_id(region.get("id"))
    task.regions.setdefault(f"region {place}" if id is None else str(id), []).append(region)


def _shape(value: Row) -> str | None:
    """What a region draws; None for nothing."""
    return next((shape for key, shape in _SHAPES.items() if key in value), None)


def _names(region: Row) -> list[str]:
    for key in _NAMES:
        names = region["value"].get(key)
        if isinstance(names, list) and names:
            return [name if is_name(name) else shown(name) for name in names]
    return []


def label_of(parts: Sequence[Row]) -> str | None:
    """The class of an object; None where no row names one."""
    return next((names[0] for names in map(_names, parts) if names), None)


def _picture(data: Row, where: str) -> str:
    """The picture of a task: ``image``, else the only text that names one, whatever its key."""
    if is_name(data.get("image")):
        return str(data["image"])
    named = [v for v in data.values() if is_name(v) and split_ending(_path(v))[1]]
    if len(named) != 1:
        raise DataError(f"{where} names {len(named)} pictures; the data key 'image' is wanted.")
    return str(named[0])


def _path(image: str) -> str:
    """Path of a picture, also of Label Studio's local files."""
    if re.match(r"[A-Za-z]:[\\/]", image):
        return image[2:]  # of a disk of Windows
    try:
        parts = urlsplit(image)
    except ValueError:  # such as http://[
        return image
    local = re.search(r"(?:^|&)d=([^&]+)", parts.query)
    if local:
        return unquote(local.group(1))
    return unquote(parts.path) if "://" in image else image


def _below(stem: str, video: str) -> str:
    path = PurePosixPath(stem)
    return str(path.relative_to(video)) if path.is_relative_to(video) else path.name


def draw(parts: Sequence[Row], size: tuple[int, int]) -> MaskArray:
    """[H, W] bool mask of an object of a picture of (height, width). Raises ValueError."""
    mask = np.zeros(size, dtype=bool)
    for region in parts:
        value = region["value"]
        shape = _shape(value)
        if shape == "brush":
            mask |= decode_brush(value["rle"], size)
        elif shape == "polygon":
            points = ring_points(value["points"], (100, 100))
            mask |= fill([points * np.array([size[1], size[0]]) / 100], size)
        else:
            mask |= _drawn(shape == "ellipse", value, size)
    return mask


def _drawn(is_ellipse: bool, value: Row, size: tuple[int, int]) -> MaskArray:
    """An ellipse turned about its middle, or a rectangle turned about its first corner."""
    sides = ("radiusX", "radiusY") if is_ellipse else ("width", "height")
    x, y, across, down = (
        typed(value.get(key), float, key) * side / 100
        for key, side in zip(("x", "y", *sides), (size[1], size[0]) * 2, strict=True)
    )
    turned = typed(value.get("rotation"), float | None, "rotation") or 0.0
    if is_ellipse:
        return ellipse((x, y), (across, down), size, turned=turned)
    return rectangle((x, y, x + across, y + down), size, turned=turned, about="corner")
