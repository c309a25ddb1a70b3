"""Stills of a panoptic JSON file: COCO panoptic and ADE20K panoptic.

images       [{id, width, height, file_name}]
annotations  [{image_id, file_name, segments_info}]
categories   see :mod:`vidseg.formats.layouts.segments`
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from .places import path_inside
from .problems import STRICT, Problems, listed
from .rows import Row, name_of, row_size, rows


@dataclass(frozen=True, eq=False)
class ListedStill:
    """A still with its annotation.

    Attributes:
        name: of the picture, without ending.
        size: (height, width); None after a report where the file does not tell.
        picture, map: where the files lie, whether or not they are there.
        segments: value of ``segments_info``.
    """

    name: str
    size: tuple[int, int] | None
    picture: Path
    map: Path
    segments: list[Any] = field(repr=False)


def read_stills(
    content: Row, source: Path, maps: Path, pictures: Path, problems: Problems = STRICT
) -> Iterator[ListedStill]:
    """The stills of a file in the order of ``images``.

    Args:
        content: the file, parsed.
        source: the file, for sentences.
        maps, pictures: folders of the PNG files and of the pictures.
    """
    annotations = _by_image(content, source, problems)
    bare, seen = [], set()
    for image in rows(content, "images", source, problems):
        id = name_of(image, "id", "an image", source, problems)
        if id is None:
            continue
        if id in seen:
            problems.error("ids", source, f"{source} lists the image {id} more than once.")
            continue
        seen.add(id)
        annotation = annotations.pop(id, None)
        if annotation is None:
            bare.append(id)
            continue
        what = f"the image {id}"
        size = row_size(image, f"{source}: image {id}", source, problems)
        picture = name_of(image, "file_name", what, source, problems)
        png = name_of(annotation, "file_name", f"the annotation of {what}", source, problems)
        if picture is None or png is None:
            continue
        shown = path_inside(pictures, picture, source, problems)
        map = path_inside(maps, png, source, problems)
        if shown is None or map is None:
            continue
        segments = annotation.get("segments_info")
        if not isinstance(segments, list):
            problems.error(
                "unreadable files", source, f"{source} lacks the list 'segments_info' of {what}."
            )
            continue
        stem = PurePosixPath(picture).stem
        yield ListedStill(stem, size, shown, map, segments)
    if bare:
        problems.error("ids", source, f"{source} has no annotation of the images {listed(bare)}.")
    for id in annotations:
        problems.error(
            "ids", source, f"{source} has an annotation of image {id}, which it does not list."
        )


def _by_image(content: Row, source: Path, problems: Problems) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for annotation in rows(content, "annotations", source, problems):
        id = name_of(annotation, "image_id", "an annotation", source, problems)
        if id is None:
            continue
        if id in found:
            problems.error("ids", source, f"{source} has two annotations of image {id}.")
        found[id] = annotation
    return found
