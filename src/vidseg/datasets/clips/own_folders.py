"""Folders of one's own: layouts that are no release of a dataset.

coco_panoptic_stills    panoptic_<split>.json, panoptic/*.png of ids in one channel, images/
coco_instance_stills    instances_<split>.json, captions_<split>.json where there is one, <split>/
label_map_videos        labels/*.png of classes, images/
masked_videos           Annotations/<video>/*.png of objects, JPEGImages/<video>/

Each is a folder, or for videos a folder of that name for each split.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.layouts.coco_lists import ImageLists, by_file_name
from ...formats.layouts.frames import MAP_ENDINGS, find_picture, frame_files
from ...formats.layouts.problems import STRICT
from ...formats.reading import read_json
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...pictures.label_maps import read_label_map
from ...pictures.mask_values import Meaning, meaning, read_mask
from ...pictures.reading import picture_size
from ...results import encode_rle
from ..sources.base import VOID, Ids, MapVideos
from ..sources.listed_stills import ListedStill, ListedStills, listed_stills
from ..sources.listing import VideoFiles, all_videos
from ..sources.panoptic_stills import PanopticStills
from .expressions import captions_of_single_objects
from .schema import MAX_REGIONS

CAMVID = {
    "sky": False,
    "building": False,
    "pole": False,
    "road": False,
    "pavement": False,
    "tree": False,
    "sign": False,
    "fence": False,
    "car": True,
    "pedestrian": True,
    "bicyclist": True,
}
"""Name of label 0, 1, ... → whether it is countable."""

_LONGEST_GAP = 30  # largest step of frame numbers inside a sequence
_LOOSE = 2  # pixels by which a label map may differ from its picture


def open_panoptic_stills(folder: Path, split: str | None) -> LabelSource:
    """Stills in COCO-panoptic form; classes in the order of their ids."""
    file = folder / f"panoptic_{split or 'train'}.json"
    name = f"{folder.name}-{split or 'train'}"
    maps, pictures = folder / "panoptic", folder / "images"
    return PanopticStills(name, file, maps, pictures, read_ids=read_label_map)


def open_instance_stills(folder: Path, split: str | None) -> LabelSource:
    """Stills in COCO-instances form, those without an object left out.

    Overlapping instances are flattened with the smaller one on top. A caption belongs to an object
    if it names the object's category, which occurs once.
    """
    part = split or "train"
    file = folder / f"instances_{part}.json"
    lists = ImageLists(read_json(file), file, by_file_name(folder / part, file), STRICT)
    names = {category.id: category.name for category in lists.categories}
    captions = _captions(folder / f"captions_{part}.json")
    stills = [
        _painted(still, captions[still.row["id"]], names)
        for still in listed_stills(lists)
        if still.objects
    ]
    if not stills:
        raise DataError(f"{file} has no labelled image.")
    return FlattenedStills(f"{folder.name}-{part}", stills, lists.categories)


def _captions(file: Path) -> dict[int | str, list[str]]:
    captions: dict[int | str, list[str]] = defaultdict(list)
    if file.is_file():
        for row in read_json(file)["annotations"]:
            captions[row["image_id"]].append(row["caption"])
    return captions


def _painted(still: ListedStill, captions: Sequence[str], names: Mapping[int, str]) -> ListedStill:
    """The still with its objects from the largest to the smallest, and what is said of them."""
    objects = sorted(still.objects or (), key=lambda row: -float(row["area"]))[-MAX_REGIONS:]
    classes = [names[row["category_id"]] for row in objects]
    crowds = [bool(row.get("iscrowd", 0)) for row in objects]
    said = captions_of_single_objects(captions, classes, crowds)
    sentences = tuple(
        Sentence(f"{track}.{number}", text, (track,))
        for track, texts in enumerate(said, start=1)
        for number, text in enumerate(texts)
    )
    return replace(still, objects=objects, said=sentences)


class FlattenedStills(ListedStills):
    """Stills whose later objects lie on earlier ones."""

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks, which do not overlap."""
        labels = super().labels(video, frame)
        assert labels is not None
        covered = np.zeros(labels.size, np.bool_)
        masks = {}
        for track in sorted(labels.masks, reverse=True):
            mask = decode_rle(labels.masks[track])
            shown = mask & ~covered
            covered |= mask
            if shown.any():
                masks[track] = encode_rle(shown)
        return FrameLabels(labels.size, masks)


def open_label_map_videos(folder: Path, split: str | None) -> LabelSource:
    """Sequences of CamVid: frames whose names share the part before the first ``_``.

    A sequence is cut where the frame number jumps.
    """
    root = folder / split if split else folder
    pictures, maps = root / "images", root / "labels"
    frames = tuple(frame_files(pictures))
    if not frames:
        raise DataError(f"No pictures in {pictures}.")
    files = [
        VideoFiles(VideoInfo(part[0], part), maps, frozenset(part), pictures)
        for part in _sequences(frames)
    ]
    return ClassMaps(f"{root.parent.name}-{root.name}", files)


def _sequences(frames: Sequence[str]) -> list[tuple[str, ...]]:
    numbered: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for frame in frames:
        prefix, _, rest = frame.partition("_")
        digits = re.search(r"\d+", rest)
        numbered[prefix].append((int(digits.group()) if digits else 0, frame))
    videos: list[list[str]] = []
    for found in numbered.values():
        previous = None
        for number, frame in sorted(found):
            if previous is None or number - previous > _LONGEST_GAP:
                videos.append([])
            videos[-1].append(frame)
            previous = number
    return [tuple(video) for video in videos]


class ClassMaps(MapVideos):
    """The value of a label is the index of its class; values beyond them are not labelled.

    Every class is a track. Things are not separated into objects, so that they are crowds.
    """

    def __init__(self, name: str, files: Sequence[VideoFiles]) -> None:
        categories = [Category(row, *item) for row, item in enumerate(CAMVID.items())]
        super().__init__(name, categories, files)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """One a class, whether or not it is shown."""
        return tuple(self._track(video, category.id + 1) for category in self.categories)

    def _read(self, video: int, path: Path) -> Ids:
        values = read_label_map(path).astype(np.int32)
        return np.where(values < len(self.categories), values + 1, 0)

    def _track(self, video: int, id: int) -> LabelTrack:
        return LabelTrack(id, id - 1, self.categories[id - 1].is_thing)


def open_masked_videos(
    folder: Path, split: str | None, videos: Sequence[str] | None = None
) -> LabelSource:
    """Videos in the layout of DAVIS, cut into runs of frames with a mask.

    Args:
        videos: names to read; all annotated ones by default.
    """
    root = folder / split if split else folder
    maps, pictures = root / "Annotations", root / "JPEGImages"
    wanted = all_videos(maps) if videos is None else videos
    missing = [name for name in wanted if not (maps / name).is_dir()]
    if missing:
        raise DataError(f"No annotated video {', '.join(missing)} in {maps}.")
    runs: list[MaskedRun] = []
    for name in wanted:
        runs += _ruled(_runs(name, maps / name, pictures / name))
    return MaskedRuns(root.name, runs)


@dataclass(frozen=True, kw_only=True)
class MaskedRun:
    """Frames of a video that follow one another, each with a mask.

    Attributes:
        files: of the frames.
        rule: what values mean in all masks of the video.
        objects: numbers of those that the run shows.
    """

    files: VideoFiles
    rule: Meaning
    objects: frozenset[int]


def _ruled(runs: Sequence[VideoFiles]) -> list[MaskedRun]:
    """The runs of one video, of which all masks are read."""
    found = []
    for run in runs:
        masks = [read_mask(run.maps / f"{frame}.png") for frame in run.info.frames]
        found.append([(mask.present(), mask.shades) for mask in masks])
    rule = meaning(values for values_of_run in found for values in values_of_run)
    return [
        MaskedRun(files=run, rule=rule, objects=rule.objects(values))
        for run, values in zip(runs, found, strict=True)
    ]


def _runs(video: str, maps: Path, pictures: Path) -> list[VideoFiles]:
    labelled = frozenset(frame_files(maps, MAP_ENDINGS))
    frames = tuple(frame_files(pictures))
    parts = [tuple(part) for shown, part in groupby(frames, labelled.__contains__) if shown]
    if not parts:
        raise DataError(f"No picture of {pictures} has a mask.")
    return [
        VideoFiles(VideoInfo(f"{video}/{part[0]}", part), maps, labelled, pictures)
        for part in parts
    ]


class MaskedRuns(MapVideos):
    """Values are what :mod:`vidseg.pictures.mask_values` takes them for.

    A mask may be off by two pixels in size; its border is repeated or cut off.
    """

    def __init__(self, name: str, runs: Sequence[MaskedRun]) -> None:
        super().__init__(name, (), [run.files for run in runs])
        self._runs = tuple(runs)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All objects that the run shows, by number."""
        return tuple(LabelTrack(id) for id in sorted(self._runs[video].objects))

    def _track(self, video: int, id: int) -> LabelTrack:
        return LabelTrack(id)

    def _read(self, video: int, path: Path) -> Ids:
        numbers, void = self._runs[video].rule.ids(read_mask(path))
        ids = np.where(void, VOID, numbers)
        picture = find_picture(self._files[video].pictures, path.stem)
        if picture is None:
            return ids
        height, width = picture_size(picture)
        if max(abs(ids.shape[0] - height), abs(ids.shape[1] - width)) > _LOOSE:
            return ids  # told where sizes are compared
        rows = np.minimum(np.arange(height), ids.shape[0] - 1)
        columns = np.minimum(np.arange(width), ids.shape[1] - 1)
        return np.asarray(ids[rows[:, None], columns])


OWN_FOLDERS: dict[str, Callable[[Path, str | None], LabelSource]] = {
    "coco_panoptic_stills": open_panoptic_stills,
    "coco_instance_stills": open_instance_stills,
    "label_map_videos": open_label_map_videos,
    "masked_videos": open_masked_videos,
}
"""Kind → what opens it."""
