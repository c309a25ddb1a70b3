"""LabelMe JSON: one file a picture.

    <video>/<frame>.json   {version, flags, shapes, imagePath, imageData: null, imageHeight,
                            imageWidth, video, frame}
    shape                  {label, points: [[x, y], [x, y]], group_id, description, shape_type:
                            "mask", flags: {crowd: true}, mask: "<PNG in base64>"}
    labels.txt             all classes, as LabelMe's --labels takes them

A mask is a PNG of its box, whose two corners, both inside, are ``points``; this keeps every pixel.
Void is a mask of the class ``__ignore__``. ``video`` and ``frame`` (its place, from 0) are
additions, which LabelMe keeps when it saves: in files that have them ``group_id`` is the object's
id over the video. A file without them is a still, where shapes of one class and group_id are one
object. Rectangles and circles are regions too; sizes that a file lacks are those of the pictures.
Polygons are filled by the rule of :mod:`.polygons`, shapes of one object together.
A picture without a file is not labelled.

Cannot hold: stuff, scores, objects without a mask.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...pictures.flat_png import check_chunks, check_rows
from ...pictures.opening import opened
from ...results import CocoRLE, encode_rle, mask_box
from ...types import MaskArray
from ..layouts.problems import STRICT
from ..layouts.rows import is_name, row_size, rows
from ..output_places import prepare_folder
from ..plain_values import shown, typed
from ..reading import inside, read_json
from ..texts import read_text
from .base import LabelFile, ReadOptions, WriteOptions, layout_explained
from .capabilities import Holds
from .class_lists import numbered
from .id_maps import label_folders, with_unlabelled
from .object_ids import HIGHEST
from .pictures import find_picture, frame_size, frames_of, is_still, split_ending
from .polygons import fill
from .shapes import ellipse, rectangle

HOLDS = Holds(void=True, crowd="all")
VOID = "__ignore__"
_VERSION = "5.5.0"
_KIND = "LabelMe"


def read(place: Path, options: ReadOptions) -> LabelmeFolder:
    """Opens a folder. Raises DataError, naming the file."""
    videos: dict[str, dict[str, Path]] = {}
    frames: dict[str, dict[str, int]] = {}
    names: dict[str, None] = {}
    endings: dict[str, dict[str, str]] = {}
    if (place / "labels.txt").is_file():
        lines = read_text(place / "labels.txt", "class list").splitlines()
        stripped = (line.strip() for line in lines)
        names = dict.fromkeys(line for line in stripped if line not in ("", VOID))
    for folder_name, folder, stems in label_folders(place, ".json"):
        for stem in stems:
            path = folder / f"{stem}.json"
            content = read_json(path)
            used = [_label(shape, path) for shape in _shapes(content, path)]
            with layout_explained(path, _KIND):
                if "video" in content and "frame" in content:
                    if not is_name(content["video"]):
                        raise DataError(f"{path} calls its video {shown(content['video'])}.")
                    video, number = str(content["video"]), int(content["frame"])
                else:
                    video, number = stem if folder == place else f"{folder_name}/{stem}", -1
            names |= dict.fromkeys(name for name in used if name != VOID)
            picture = content.get("imagePath")
            ending = split_ending(picture)[1] if is_name(picture) else ""
            if ending:
                endings.setdefault(video, {})[stem] = ending
            if stem in videos.get(video, {}):
                raise DataError(f"{place} has two files of video {video}, frame {stem}.")
            videos.setdefault(video, {})[stem] = path
            frames.setdefault(video, {})[stem] = number
    return LabelmeFolder(place, numbered(list(names), place), videos, frames, endings, options)


class LabelmeFolder(LabelFile):
    """An opened folder; files are read again when their frame is asked for."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        paths: dict[str, dict[str, Path]],
        frames: dict[str, dict[str, int]],
        endings: dict[str, dict[str, str]],
        options: ReadOptions,
    ) -> None:
        videos = []
        for name, files in paths.items():
            order = sorted(files, key=lambda stem: frames[name][stem])
            if min(frames[name].values()) >= 0 and len(order) > 0:
                pictures = frames_of(options.pictures, name)
                if set(pictures) - set(order):
                    order = list(with_unlabelled(tuple(order), pictures))
            videos.append(VideoInfo(name, tuple(order), endings=endings.get(name, {})))
        super().__init__(place, categories, videos, options.pictures)
        self._paths = list(paths.values())
        self._log = options.log
        self._numbers = {category.name: category.id for category in categories}
        self._tracked = [min(frames[name].values()) >= 0 for name in paths]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All objects, by id; every file of the video is read for it."""
        found: dict[int, LabelTrack] = {}
        for stem in self._videos[video].frames:
            if stem not in self._paths[video]:
                continue
            shapes = self._objects(video, self._paths[video][stem], self._log)
            for id, parts in shapes.items():
                flags = parts[0].get("flags")
                crowd = isinstance(flags, dict) and bool(flags.get("crowd"))
                track = LabelTrack(id, self._numbers[parts[0]["label"]], crowd)
                if found.setdefault(id, track) != track:
                    where = f"video {self._videos[video].name}, group {id}"
                    self._log.add("class_changes", where)
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """Masks and void of a file; None where it is missing."""
        path = self._paths[video].get(self._videos[video].frames[frame])
        if path is None:
            return None
        content = read_json(path)
        size = self._size(content, path, video, frame)
        with layout_explained(path, _KIND):
            masks: dict[int, CocoRLE] = {}
            for id, parts in self._objects(video, path, None).items():
                mask = _draw(parts, size, path)
                if mask.any():
                    masks[id] = encode_rle(mask)
            ignored = [s for s in content["shapes"] if s["label"] == VOID and _is_region(s)]
            void = _draw(ignored, size, path) if ignored else np.zeros(size, dtype=bool)
        return FrameLabels(size, masks, encode_rle(void) if void.any() else None)

    def _size(self, content: dict[str, Any], path: Path, video: int, frame: int) -> tuple[int, int]:
        """(height, width), from the picture where the file does not tell."""
        told = {"height": content.get("imageHeight"), "width": content.get("imageWidth")}
        size = row_size(told, str(path), path, STRICT, needed=False)
        info = self._videos[video]
        return size or frame_size(self._pictures, info, info.frames[frame], str(path))

    def _objects(self, video: int, path: Path, log: Any) -> dict[int, list[dict[str, Any]]]:
        """Shapes of each object of a file; shapes that are no regions go to the log."""
        found: dict[Any, list[dict[str, Any]]] = {}
        with layout_explained(path, _KIND):
            for position, shape in enumerate(_shapes(read_json(path), path)):
                if not _is_region(shape):
                    if log is not None:
                        log.add("shapes", f"{path}, a {_kind(shape)}")
                    continue
                if shape["label"] == VOID:
                    continue
                group = shape.get("group_id")
                if self._tracked[video]:
                    if type(group) is not int or not 0 < group <= HIGHEST:
                        raise DataError(
                            f"{path}: shape {position} has no group_id above 0, which says of "
                            f"which object it is."
                        )
                    key: Any = int(group)
                else:
                    key = (shape["label"], position if group is None else f"group {group}")
                found.setdefault(key, []).append(shape)
        if self._tracked[video]:
            return found
        return dict(enumerate(found.values(), start=1))


def _shapes(content: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    return [dict(shape) for shape in rows(content, "shapes", path, STRICT)]


def _label(shape: dict[str, Any], path: Path) -> str:
    if not is_name(shape.get("label")):
        raise DataError(f"{path} has a shape with the label {shown(shape.get('label'))}; name it.")
    return str(shape["label"])


def _is_region(shape: dict[str, Any]) -> bool:
    return _kind(shape) in ("polygon", "mask", "rectangle", "circle")


def _kind(shape: dict[str, Any]) -> str:
    return str(shape.get("shape_type") or "polygon")


def _draw(parts: Sequence[dict[str, Any]], size: tuple[int, int], path: Path) -> MaskArray:
    mask = np.zeros(size, dtype=bool)
    for shape in parts:
        kind = _kind(shape)
        if kind in ("rectangle", "circle"):
            mask |= _drawn(kind, shape["points"], size)
        elif kind == "mask":
            (left, top), (right, bottom) = np.asarray(shape["points"]).astype(int).tolist()
            piece = _read_mask(str(shape["mask"]), path)
            if (
                piece.shape != (bottom - top + 1, right - left + 1)
                or min(left, top) < 0
                or bottom >= size[0]
                or right >= size[1]
            ):
                raise ValueError(f"the mask of a {shape['label']!r} does not fit its corners")
            mask[top : bottom + 1, left : right + 1] |= piece
        else:
            mask |= fill([shape["points"]], size)
    return mask


def _drawn(kind: str, points: Any, size: tuple[int, int]) -> MaskArray:
    """A rectangle of two corners, or a circle of its middle and a point on its rim."""
    (x, y), (other_x, other_y) = typed(
        points, tuple[tuple[float, float], tuple[float, float]], f"a {kind}"
    )
    if kind == "rectangle":
        return rectangle((x, y, other_x, other_y), size)
    radius = math.hypot(other_x - x, other_y - y)
    return ellipse((x, y), (radius, radius), size)


def _read_mask(text: str, path: Path) -> MaskArray:
    try:
        content = base64.b64decode(text, validate=True)
        check_chunks(content, path)
        with opened(path, content=content) as image:
            check_rows(content, np.asarray(image), path)
            return np.asarray(image.convert("I") if image.mode != "L" else image) > 0
    except binascii.Error as error:
        raise ValueError("a mask is no PNG in base64") from error


class LabelmeWriter:
    """Writes ``<video>/<frame>.json``, of a still ``<name>.json``, and ``labels.txt``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._options = options
        self._names = {category.id: category.name for category in options.categories}
        if VOID in self._names.values():
            raise DataError(f"LabelMe takes the class {VOID} for void; rename it.")

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._tracks = {track.id: track for track in tracks}
        self._count = 0

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a file; none for a frame without labels."""
        number = self._count
        self._count += 1
        if labels is None:
            self._options.log.note(
                "Frames without labels have no file; the pictures alone tell their names.",
                f"video {self._video.name}, frame {frame}",
            )
            return
        stem = f"{self._video.name}/{frame}"
        if is_still(self._video):
            stem = self._video.name
        path = inside(self._folder, stem, self._folder)
        path = path.with_name(path.name + ".json")
        shapes = [self._shape(id, mask) for id, mask in labels.masks.items()]
        if labels.void is not None:
            shapes.append(_mask_shape(VOID, None, decode_rle(labels.void)))
        content: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": self._picture(frame, path),
            "imageData": None,
            "imageHeight": labels.size[0],
            "imageWidth": labels.size[1],
            "video": self._video.name,
            "frame": number,
        }
        if not path.parent.is_dir():
            prepare_folder(path.parent)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")

    def _picture(self, frame: str, path: Path) -> str:
        """LabelMe looks for the picture from the folder of the file."""
        if self._options.pictures is None:
            return path.stem + self._video.endings.get(frame, ".jpg")
        picture = find_picture(self._options.pictures, self._video, frame)
        lies_in = self._options.place.resolve() / path.parent.relative_to(self._folder)
        return Path(os.path.relpath(picture.resolve(), lies_in)).as_posix()

    def _shape(self, id: int, mask: CocoRLE) -> dict[str, Any]:
        track = self._tracks[id]
        name = self._names[-1 if track.category_id is None else track.category_id]
        shape = _mask_shape(name, id, decode_rle(mask))
        if track.is_crowd:
            shape["flags"] = {"crowd": True}
        return shape

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Writes the class list."""
        lines = [f"{VOID}\n", *(f"{name}\n" for name in self._names.values())]
        (self._folder / "labels.txt").write_text("".join(lines), encoding="utf-8")


def _mask_shape(label: str, id: int | None, mask: MaskArray) -> dict[str, Any]:
    left, top, right, bottom = mask_box(mask)
    file = io.BytesIO()
    Image.fromarray(mask[top:bottom, left:right].astype(np.uint8)).save(file, format="PNG")
    return {
        "label": label,
        "points": [[left, top], [right - 1, bottom - 1]],
        "group_id": id,
        "description": "",
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(file.getvalue()).decode("ascii"),
    }
