"""KITTI-STEP PNG (also MOTChallenge-STEP): class and instance in the colours of one PNG a frame.

    panoptic_maps/<sequence>/<frame>.png   RGB; R = class, 255 void; instance = 256 G + B
    panoptic_maps/categories.json          [{id, name, isthing}], an addition

Things have instances from 1, where 0 is their crowd; a class of stuff has the one instance 0.
Without ``categories.json`` (or a class list that is named) the 19 classes of KITTI-STEP are meant.
Classes that all have names of KITTI-STEP are written with its numbers. An instance number is the
object's id; stuff, crowds and numbers that two classes share get 65536 (class + 1) + instance.

Cannot hold: overlaps, background apart from void, several regions of one stuff class or crowd,
crowds of stuff, scores, objects without a mask, ids of things above 65535.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...pictures.reading import picture_size
from ..atomic import QUICK, save_png
from ..layouts.kitti_step import MAPS, VOID, VOID_PAIR, read_pairs
from ..output_places import prepare_folder
from ..reading import inside, read_any_json
from .base import LabelFile, ReadOptions, WriteOptions
from .capabilities import Holds
from .class_lists import coco_categories, coco_rows, load_class_list
from .id_maps import label_folders, masks_of, where_value, with_unlabelled
from .pictures import frames_of

HOLDS = Holds(
    overlaps=False,
    void=True,
    background=False,
    stuff=True,
    crowd="things",
    stuff_ids=False,
    highest_id=65535,
)
_CLASSES = "categories.json"


def read(place: Path, options: ReadOptions) -> StepFolder:
    """Opens a folder, or the one split below its ``panoptic_maps``. Raises DataError."""
    root = place / MAPS if (place / MAPS).is_dir() else place
    categories = options.categories
    if (root / _CLASSES).is_file():
        categories = coco_categories(read_any_json(root / _CLASSES), root / _CLASSES)
    folders, videos = [], []
    for name, folder, stems in label_folders(root, ".png"):
        frames = with_unlabelled(stems, frames_of(options.pictures, name))
        videos.append(VideoInfo(name, frames, picture_size(folder / f"{stems[0]}.png")))
        folders.append(folder)
    return StepFolder(
        place, categories or load_class_list("kitti_step"), videos, folders, options.pictures
    )


class StepFolder(LabelFile):
    """An opened folder."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        folders: Sequence[Path],
        pictures: Path | None,
    ) -> None:
        super().__init__(place, categories, videos, pictures)
        self._folders = folders
        self._things = {category.id: category.is_thing for category in categories}
        self._known: tuple[int, dict[int, int]] | None = None  # of the video read last

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """Every pair of class and instance of the video's PNGs, all of which are read for it."""
        tracks = []
        for pair, id in self._ids(video).items():
            number, instance = pair >> 16, pair & 65535
            if number not in self._things:
                raise DataError(
                    f"{self._folders[video]} has pixels of class {number}, which the class list "
                    f"lacks; give the right list with --categories."
                )
            crowd = self._things[number] and instance == 0
            tracks.append(LabelTrack(id, number, crowd))
        return tuple(sorted(tracks, key=lambda track: track.id))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """Masks and void of a PNG; None where it is missing."""
        path = self._folders[video] / f"{self._videos[video].frames[frame]}.png"
        if not path.is_file():
            return None
        pairs = read_pairs(path)
        ids = self._ids(video)
        masks = {ids[pair]: mask for pair, mask in masks_of(pairs, VOID_PAIR).items()}
        size = (pairs.shape[0], pairs.shape[1])
        return FrameLabels(size, masks, where_value(pairs, VOID_PAIR))

    def _ids(self, video: int) -> dict[int, int]:
        """class · 65536 + instance → id in the video."""
        if self._known is None or self._known[0] != video:
            pairs: set[int] = set()
            for frame in self._videos[video].frames:
                path = self._folders[video] / f"{frame}.png"
                if path.is_file():
                    pairs.update(np.unique(read_pairs(path)).tolist())
            pairs.discard(VOID_PAIR)
            instances = Counter(pair & 65535 for pair in pairs)
            self._known = (
                video,
                {
                    pair: pair & 65535
                    if pair & 65535 and instances[pair & 65535] == 1
                    else pair + 65536
                    for pair in sorted(pairs)
                },
            )
        return self._known[1]


class StepWriter:
    """Writes ``panoptic_maps/<sequence>/<frame>.png`` and the class list."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder / MAPS
        self._log = options.log
        self._numbers = class_numbers(options.categories)
        self._categories = options.categories
        self._things = {c.id: c.is_thing for c in options.categories}
        prepare_folder(self._folder)
        if any(old != new for old, new in self._numbers.items()):
            self._log.note("Classes have other numbers in the PNGs; categories.json says which.")

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Makes the folder of the sequence."""
        self._video = inside(self._folder, video.name, self._folder)
        prepare_folder(self._video)
        self._pairs: dict[int, int] = {}
        for track in tracks:
            number = -1 if track.category_id is None else track.category_id
            thing = self._things[number] and not track.is_crowd
            self._pairs[track.id] = (self._numbers[number] << 16) + (track.id if thing else 0)
            if not thing:
                self._log.note(
                    "Ids of stuff and crowds are not kept; their class tells them apart.",
                    f"video {video.name}, track {track.id}",
                )

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a PNG; none for a frame without labels."""
        if labels is None:
            self._log.note(
                "Frames without labels have no PNG; the pictures alone tell their names.",
                f"video {self._video.name}, frame {frame}",
            )
            return
        pairs = np.full(labels.size, VOID_PAIR, dtype=np.int32)
        for id, mask in labels.masks.items():
            pairs[decode_rle(mask)] = self._pairs[id]
        colors = np.stack([pairs >> 16, pairs >> 8 & 255, pairs & 255], axis=-1)
        path = inside(self._video, frame, self._video)
        save_png(colors, path.with_name(path.name + ".png"), compression=QUICK)

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Writes the class list beside the sequences."""
        rows = coco_rows(
            [Category(self._numbers[c.id], c.name, c.is_thing) for c in self._categories]
        )
        (self._folder / _CLASSES).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def class_numbers(categories: Sequence[Category]) -> dict[int, int]:
    """Number of a class in its source → in the PNG: KITTI-STEP's, else the own one, else a new one.

    Raises DataError for more than 255 classes.
    """
    official = {(c.name, c.is_thing): c.id for c in load_class_list("kitti_step")}
    keys = [(c.name, c.is_thing) for c in categories]
    if all(key in official for key in keys):
        return {c.id: official[key] for c, key in zip(categories, keys, strict=True)}
    if all(0 <= c.id < VOID for c in categories):
        return {c.id: c.id for c in categories}
    if len(categories) > VOID:
        raise DataError(f"There are {len(categories)} classes; a KITTI-STEP PNG holds {VOID}.")
    return {c.id: number for number, c in enumerate(categories)}
