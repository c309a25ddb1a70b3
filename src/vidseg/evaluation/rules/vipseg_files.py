"""Both sides of VIPSeg read, checked and paired."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import DataError
from ...formats.layouts import vipseg as layout
from ...formats.layouts.problems import STRICT
from ...formats.layouts.segments import Segments
from ...formats.layouts.vipseg_lists import (
    Listing,
    check_complete,
    check_images,
    check_listed,
    read_annotations,
    read_listing,
)
from ...formats.reading import inside, read_json
from ..benchmark import Only, counted_videos
from ..mask_folders import check_frames, check_names, frame_names, predicted_folders


@dataclass(frozen=True)
class PanopticVideo:
    """One video of both sides.

    Attributes:
        name: of the video.
        frames: names of its PNGs in order, without ending.
        truth, predicted: what the JSON files list for each frame, in the order of ``frames``;
            classes by index.
        truth_folder, predicted_folder: where the PNGs are.
        truth_order: ids of the video in the order in which the annotations list them.
    """

    name: str
    frames: tuple[str, ...]
    truth: tuple[Segments, ...] = field(repr=False)
    predicted: tuple[Segments, ...] = field(repr=False)
    truth_folder: Path
    predicted_folder: Path
    truth_order: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class PanopticClasses:
    """The classes of the JSON file by index.

    Attributes:
        rows: category id → index.
        names, is_thing: by index.
    """

    rows: Mapping[int, int]
    names: tuple[str, ...]
    is_thing: tuple[bool, ...]

    def indexed(self, segments: Segments) -> Segments:
        """The segments with indices in the place of category ids."""
        rows = self.rows
        classes = {id: rows[category] for id, category in segments.classes.items()}
        return replace(segments, classes=classes)


def read_vipseg(
    truth: Path, predicted: Path, only: Only = None
) -> tuple[Path, PanopticClasses, tuple[PanopticVideo, ...]]:
    """The JSON file of the truth, classes and videos, every file known to be there.

    Raises DataError, naming the file, where something is missing, damaged, repeated or unknown.
    """
    source = layout.json_of(truth, "val") or layout.split_json(truth, "val")
    names = layout.names_in(source, truth, "val")
    if only is not None:
        names = tuple(only) if names is None else tuple(counted_videos(names, only))
    listing = read_listing(source, names=names, areas="needed")
    assert listing is not None  # a strict reader raises
    classes = _classes(listing)
    answer = predicted / layout.PREDICTED_JSON
    annotated = read_annotations(read_json(answer), answer, known=classes.rows)
    check_listed(annotated, listing.videos, answer, source, STRICT)
    root = truth / layout.MAPS
    true_folders = {name: inside(root, name, source) for name in listing.videos}
    maps = predicted / layout.PREDICTED_MAPS
    if not maps.is_dir():
        raise DataError(f"There is no folder {maps} with predicted PNGs.")
    folders = predicted_folders(predicted, (layout.PREDICTED_MAPS,))
    check_names(true_folders, folders, [*listing.videos])
    videos = []
    for name, video in listing.videos.items():
        found = annotated.get(name, {})
        check_complete(video.segments, video.frames, source, name, STRICT)
        check_complete(found, video.images, answer, name, STRICT)
        check_images(found, video.images, answer, name, STRICT)
        _check_true_files(true_folders[name], video.frames)
        check_frames(folders[name], video.frames, video.frames)
        order = dict.fromkeys(id for frame in video.segments.values() for id in frame.classes)
        videos.append(
            PanopticVideo(
                name,
                video.frames,
                tuple(classes.indexed(video.segments[frame]) for frame in video.frames),
                tuple(classes.indexed(found[image].segments) for image in video.images),
                true_folders[name],
                folders[name],
                tuple(order),
            )
        )
    return source, classes, tuple(videos)


def _check_true_files(folder: Path, frames: Collection[str]) -> None:
    there = set(frame_names(folder))
    for frame in frames:
        if frame not in there:
            raise DataError(f"The ground truth lacks the listed PNG {folder / f'{frame}.png'}.")


def _classes(listing: Listing) -> PanopticClasses:
    categories = sorted(listing.categories, key=lambda category: category.id)
    return PanopticClasses(
        {category.id: row for row, category in enumerate(categories)},
        tuple(category.name for category in categories),
        tuple(category.is_thing for category in categories),
    )
