"""Labelled stills: COCO, LVIS, EntitySeg, RefCOCO, SA-1B and the panoptic sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts.coco_lists import ImageLists, ListedObject, read_categories
from ...formats.layouts.panoptic_stills import read_stills
from ...formats.layouts.problems import listed
from ...formats.layouts.rows import Row
from ...formats.layouts.segments import read_segments
from ...pictures.listing import is_hidden
from .annotations import check_mask
from .panoptic import check_segments
from .pictures import check_whole, in_words, read_header
from .survey import Survey


def check_instances(part: str, lists: ImageLists, survey: Survey) -> dict[Any, ListedObject]:
    """One JSON of stills, the pictures and the masks; returns the objects by id."""
    survey.count(part, "images", len(lists.images))
    for image in lists.images.values():
        if image.picture is not None:
            check_picture_file(image.picture, image.size, lists.file, survey)
        survey.progress(image.name)
    if not lists.labelled:
        return {}
    survey.count(part, "categories", len(lists.categories))
    objects = {object.id: object for object in lists.objects()}
    survey.count(part, "objects", len(objects))
    for object in objects.values():
        size = lists.images[object.image].size
        check_object_mask(object.place, object.row, size, lists.file, survey)
    return objects


def check_object_mask(
    where: str, row: Row, size: tuple[int, int] | None, file: Path, survey: Survey
) -> None:
    """Mask and area of an annotation, where it has one."""
    if "segmentation" in row:
        # Areas that remain from before pictures were scaled leave the masks as good as they are.
        area = row.get("area")
        check_mask(where, row["segmentation"], size, area, file, survey, area_counts=False)


def check_picture_file(
    path: Path, size: tuple[int, int] | None, file: Path, survey: Survey
) -> tuple[int, int] | None:
    """(height, width) of a picture that ``file`` names, or None after a finding.

    Args:
        size: as the file states it; None where it does not.
    """
    if not path.is_file():
        survey.absent(path, f"which {file} names")
        return None
    try:
        real = read_header(path).size
        check_whole(path)
    except DataError as error:
        survey.findings.error("unreadable files", path, str(error))
        return None
    if size is not None and real != size:
        survey.findings.error(
            "sizes", path, f"{path} is {in_words(real)}, {file} says {in_words(size)}."
        )
    return real


def check_panoptic(part: str, file: Path, maps: Path, pictures: Path, survey: Survey) -> None:
    """One JSON of segments, its PNG files in ``maps`` and the pictures."""
    content = survey.json(file)
    if content is None:
        return
    problems = survey.findings
    categories = read_categories(content, file, problems, stuff=True)
    survey.count(part, "categories", len(categories))
    images = content.get("images")
    survey.count(part, "images", len(images) if isinstance(images, list) else 0)
    known = {category.id for category in categories}
    named = set()
    for still in read_stills(content, file, maps, pictures, problems):
        named.add(still.map.name)
        real = check_picture_file(still.picture, still.size, file, survey)
        place = f"the image {still.name}"
        segments = read_segments(still.segments, place, file, known, problems, "stated")
        if segments is not None:
            check_segments(still.map, segments, real or still.size, file, survey)
        survey.progress(still.map.name)
    unlisted = sorted(
        {path.name for path in maps.glob("*.png") if not is_hidden(path.name)} - named
    )
    if unlisted:
        problems.warning(
            "extra files", maps, f"{maps} has files that {file} lacks: {listed(unlisted)}."
        )
