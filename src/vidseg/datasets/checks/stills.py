"""Labelled stills: COCO, LVIS, EntitySeg, RefCOCO, SA-1B and the panoptic sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.panoptic_stills import read_stills
from ...formats.layouts.problems import listed
from ...formats.layouts.rows import row_size
from ...formats.layouts.segments import read_segments
from ...formats.reading import inside
from .annotations import check_categories, check_category, check_mask, keyed
from .panoptic import check_segments
from .pictures import check_whole, in_words, read_header
from .survey import Survey

Locate = Callable[[Mapping[str, Any]], Path | None]


def locate_by_name(folder: Path) -> Locate:
    """Pictures in one folder, by ``file_name``."""

    def locate(image: Mapping[str, Any]) -> Path | None:
        name = image.get("file_name")
        return inside(folder, name, folder) if isinstance(name, str) else None

    return locate


def check_instances(
    part: str, file: Path, locate: Locate, survey: Survey, *, classless: bool = False
) -> dict[Any, dict[str, Any]]:
    """One JSON with ``images``, ``annotations`` and ``categories``; returns the annotations.

    Args:
        locate: where the picture of a row of ``images`` lies; None where the row does not tell.
        classless: whether objects may have no class.
    """
    content = survey.json(file)
    if content is None:
        return {}
    images = keyed(content, "images", "image", file, survey)
    survey.count(part, "images", len(images))
    for image in images.values():
        check_picture(image, file, locate, survey)
        survey.progress(str(image.get("file_name", image.get("id"))))
    if "annotations" not in content:
        return {}
    categories = check_categories(content, file, survey)
    survey.count(part, "categories", len(categories))
    rows = keyed(content, "annotations", "annotation", file, survey)
    survey.count(part, "objects", len(rows))
    for id, row in rows.items():
        where = f"{file}: annotation {id}"
        its_image = images.get(row.get("image_id"))
        if its_image is None:
            survey.findings.error(
                "ids", file, f"{where} is of image {row.get('image_id')!r}, which the list lacks."
            )
            continue
        if categories or not classless:
            check_category(where, row, categories, file, survey)
        check_object(where, row, row_size(its_image), file, survey)
    return rows


def check_object(
    where: str, row: Mapping[str, Any], size: tuple[int, int] | None, file: Path, survey: Survey
) -> None:
    """Mask, area and crowd flag of an annotation."""
    if row.get("iscrowd", 0) not in (0, 1):
        survey.findings.error("values", file, f"{where} has iscrowd {row['iscrowd']!r}.")
    if "segmentation" not in row:
        survey.findings.error("masks", file, f"{where} has no segmentation.")
        return
    # Areas that remain from before pictures were scaled leave the masks as good as they are.
    area = row.get("area")
    check_mask(where, row["segmentation"], size, area, file, survey, area_counts=False)


def check_picture(
    image: Mapping[str, Any], file: Path, locate: Locate, survey: Survey
) -> tuple[int, int] | None:
    """(height, width) of the picture of a row, or None after a finding."""
    where = f"{file}: image {image.get('id', image.get('image_id'))}"
    size = row_size(image)
    if size is None:
        survey.findings.error("sizes", file, f"{where} has no height and width.")
    try:
        path = locate(image)
    except DataError as error:
        survey.findings.error("missing files", file, str(error))
        return None
    if path is None:
        survey.findings.error("missing files", file, f"{where} does not name its picture.")
        return None
    return check_picture_file(path, size, file, survey)


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
    unlisted = sorted({path.name for path in maps.glob("*.png")} - named)
    if unlisted:
        problems.warning(
            "extra files", maps, f"{maps} has files that {file} lacks: {listed(unlisted)}."
        )
