"""The JSON files of VIPSeg, as :mod:`vidseg.formats.layouts.vipseg` draws them."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ...labels import Category, LabelTrack
from .coco_lists import read_categories
from .places import path_inside
from .problems import STRICT, Problems, listed
from .rows import Row, json_object, name_of, row_size, rows
from .segments import Areas, Segments, read_segments


@dataclass(frozen=True)
class ListedVideo:
    """A video of a JSON file.

    Attributes:
        name: of the video.
        images: image id → name of its PNG without ending, in the order of the file.
        size: (height, width); None where the file does not tell.
        segments: frame (as in the values of ``images``) → its segments, in the order of the
            annotations; frames that are not labelled are left out.
    """

    name: str
    images: Mapping[str, str]
    size: tuple[int, int] | None
    segments: Mapping[str, Segments] = field(repr=False)

    @property
    def frames(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(self.images.values())


@dataclass(frozen=True)
class Listing:
    """A JSON file.

    Attributes:
        source: the file.
        categories: in its order.
        videos: name → video, in its order.
    """

    source: Path
    categories: tuple[Category, ...]
    videos: Mapping[str, ListedVideo] = field(repr=False)


@dataclass(frozen=True)
class AnnotatedFrame:
    """A row of ``annotations``: the name of its PNG without ending, and its segments."""

    name: str
    segments: Segments


Annotations = dict[str, dict[str, AnnotatedFrame]]
"""Video → image id → frame, in the order of the file."""


def read_listing(
    source: Path,
    problems: Problems = STRICT,
    *,
    names: Collection[str] | None = None,
    areas: Areas = "none",
) -> Listing | None:
    """Reads a JSON file of the ground truth; None after a report where it cannot be read.

    Args:
        names: the videos that count; all of them by default.
        areas: what becomes of stated areas.
    """
    content = json_object(source, problems)
    if content is None:
        return None
    categories = read_categories(content, source, problems, stuff=True)
    videos = listed_videos(
        content,
        source,
        problems,
        known={category.id for category in categories},
        names=names,
        areas=areas,
    )
    return Listing(source, categories, videos)


def listed_videos(
    content: Row,
    source: Path,
    problems: Problems = STRICT,
    *,
    known: Container[int] | None,
    names: Collection[str] | None = None,
    areas: Areas = "none",
) -> dict[str, ListedVideo]:
    """The videos of a JSON file and their annotations.

    Args:
        known: numbers of the classes that there are; None for any.
        names, areas: as of :func:`read_listing`.
    """
    images = _videos(content, source, problems)
    found = read_annotations(content, source, problems, known=known, names=names, areas=areas)
    check_listed(found, images, source, source, problems)
    videos = {}
    for name in images if names is None else names:
        if name not in images:
            problems.error(
                "splits", source, f"{source} does not list the video {name} of this split."
            )
            continue
        stems, size = images[name]
        annotated = found.get(name, {})
        check_images(annotated, stems, source, name, problems)
        segments = {
            stems[image]: frame.segments for image, frame in annotated.items() if image in stems
        }
        videos[name] = ListedVideo(name, stems, size, segments)
    return videos


def read_frames(
    source: Path, problems: Problems = STRICT, *, names: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """The frames of the videos of a JSON file, which may lack annotations.

    Args:
        names: the videos that count; all of them by default.
    """
    content = json_object(source, problems)
    videos = {} if content is None else _videos(content, source, problems)
    return {
        name: tuple(stems.values())
        for name, (stems, _) in videos.items()
        if names is None or name in names
    }


def check_listed(
    found: Collection[str],
    known: Container[str],
    file: Path,
    source: Path,
    problems: Problems,
) -> None:
    """Reports annotated videos that ``source`` does not list."""
    for name in found:
        if name not in known:
            problems.error(
                "ids", file, f"{file} annotates the video {name}, which {source} does not list."
            )


def check_images(
    found: Collection[str], images: Container[str], file: Path, video: str, problems: Problems
) -> None:
    """Reports annotated images of a video that it does not list."""
    for image in found:
        if image not in images:
            problems.error(
                "ids", file, f"{file} annotates the image {image} of {video}, which is not listed."
            )


def check_complete(
    found: Collection[str], images: Collection[str], file: Path, video: str, problems: Problems
) -> None:
    """Reports images of a video, or all of it, that have no annotation.

    Args:
        found, images: of one kind, ids or names.
    """
    if not found:
        problems.error("ids", file, f"{file} has no annotations of the video {video}.")
        return
    missing = [image for image in images if image not in found]
    if missing:
        problems.error(
            "ids",
            file,
            f"{file} has no annotation of the images {listed(missing)} of the video {video}.",
        )


def video_tracks(video: ListedVideo, source: Path, problems: Problems) -> dict[int, LabelTrack]:
    """Segment id → track, sorted; a crowd where it is one in any frame."""
    found: dict[int, LabelTrack] = {}
    for segments in video.segments.values():
        for id, category in segments.classes.items():
            known = found.get(id)
            if known is not None and known.category_id != category:
                problems.error(
                    "classes",
                    source,
                    f"{source}: the class of segment {id} of {video.name} changes.",
                )
            elif known is None or (id in segments.crowds and not known.is_crowd):
                found[id] = LabelTrack(id, category, id in segments.crowds)
    return dict(sorted(found.items()))


def read_annotations(
    content: Row,
    source: Path,
    problems: Problems = STRICT,
    *,
    known: Container[int] | None = None,
    names: Collection[str] | None = None,
    areas: Areas = "none",
) -> Annotations:
    """Reads the list ``annotations`` of ground truth or predictions.

    Args:
        known: numbers of the classes that there are; None for any.
        names: the videos whose frames are read, the others have none; all by default.
        areas: what becomes of stated areas.
    """
    videos: Annotations = {}
    for row in rows(content, "annotations", source, problems):
        name = name_of(row, "video_id", "an entry of the annotations", source, problems)
        if name is None:
            continue
        if name in videos:
            problems.error("ids", source, f"{source} annotates the video {name} more than once.")
            continue
        frames = videos[name] = {}
        if names is not None and name not in names:
            continue
        what = f"an annotation of the video {name}"
        for image in rows(row, "annotations", source, problems):
            id = name_of(image, "image_id", what, source, problems)
            if id is None:
                continue
            if id in frames:
                problems.error(
                    "ids", source, f"{source} annotates the image {id} of {name} more than once."
                )
                continue
            place = f"{name}, image {id}"
            segments = read_segments(
                image.get("segments_info"), place, source, known, problems, areas
            )
            if segments is not None:
                if "file_name" in image:
                    name_of(image, "file_name", f"{what}, image {id},", source, problems)
                stem = PurePosixPath(str(image.get("file_name", id))).stem
                frames[id] = AnnotatedFrame(stem, segments)
    return videos


Images = tuple[dict[str, str], tuple[int, int] | None]
"""Image id → frame; (height, width)."""


def _videos(content: Row, source: Path, problems: Problems) -> dict[str, Images]:
    """The list ``videos``."""
    videos: dict[str, Images] = {}
    for row in rows(content, "videos", source, problems):
        name = name_of(row, "video_id", "a video", source, problems)
        if name is None:
            continue
        if path_inside(source.parent, name, source, problems) is None:
            continue
        if name in videos:
            problems.error("ids", source, f"{source} lists the video {name} more than once.")
            continue
        videos[name] = _images(row, name, source, problems)
    if not videos and isinstance(content.get("videos"), list):
        problems.error("ids", source, f"{source} lists no video.")
    return videos


def _images(row: Row, video: str, source: Path, problems: Problems) -> Images:
    """The list ``images`` of a video."""
    stems: dict[str, str] = {}
    sizes: set[tuple[int, int] | None] = set()
    for image in rows(row, "images", source, problems):
        id = name_of(image, "id", f"an image of the video {video}", source, problems)
        file = name_of(image, "file_name", f"an image of {video}", source, problems)
        if id is None or file is None:
            continue
        path = path_inside(Path(), file, source, problems)
        if path is None:
            continue
        if id in stems:
            problems.error(
                "ids", source, f"{source} lists the image {id} of {video} more than once."
            )
            continue
        stems[id] = path.stem
        where = f"{source}: image {id} of {video}"
        sizes.add(row_size(image, where, source, problems, needed=False))
    if not stems:
        problems.error("ids", source, f"{source} lists no image of the video {video}.")
    if len(set(stems.values())) < len(stems):
        problems.error("ids", source, f"{source} names a frame of the video {video} twice.")
    if len(sizes) > 1:
        problems.error("sizes", source, f"{source}: the images of {video} are not all of one size.")
    return stems, sizes.pop() if len(sizes) == 1 else None
