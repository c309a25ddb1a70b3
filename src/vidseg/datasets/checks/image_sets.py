"""Sets of labelled stills, each where its layout in :mod:`vidseg.formats.layouts` finds it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from ...formats.layouts import (
    ade20k_panoptic,
    coco_instances,
    coco_panoptic,
    entityseg,
    lvis,
    refcoco,
)
from ...formats.layouts.coco_lists import ImageLists, ListedObject
from ...formats.layouts.places import split_files
from ...formats.layouts.sa1b import Still, find_stills, read_labels
from .stills import check_instances, check_object_mask, check_panoptic, check_picture_file
from .survey import Survey


def check_coco_instances(root: Path, survey: Survey) -> None:
    """COCO instances."""
    _check_instances(root, coco_instances, survey)


def check_lvis(root: Path, survey: Survey) -> None:
    """LVIS."""
    for lists in _check_instances(root, lvis, survey):
        if not lists.labelled:
            continue
        known = {category.id for category in lists.categories}
        for image in lists.images.values():
            for key in (lvis.ABSENT, lvis.PARTIAL):
                lvis.classes_at(image.row, key, known, lists.file, survey.findings)


def _check_instances(root: Path, layout: ModuleType, survey: Survey) -> list[ImageLists]:
    found = []
    for part, file in _files(root, layout, "train", "the list of objects", survey):
        content = survey.json(file)
        if content is not None:
            lists = ImageLists(content, file, layout.pictures(root, file), survey.findings)
            check_instances(part, lists, survey)
            found.append(lists)
    return found


def check_entityseg(root: Path, survey: Survey) -> None:
    """EntitySeg."""
    for part, first in _files(root, entityseg, "train", "the list of objects", survey):
        parts = []
        for file in entityseg.all_files(first):
            content = survey.json(file)
            if content is not None:
                parts.append(entityseg.read_lists(root, part, content, file, survey.findings))
                check_instances(part, parts[-1], survey)
        entityseg.compare_parts(parts, survey.findings)


def check_refcoco(root: Path, survey: Survey, *, dataset: str) -> None:
    """The objects, and the sentences of ``dataset`` about them."""
    content = survey.json(root / "instances.json")
    objects: dict[Any, ListedObject] = {}
    if content is not None:
        objects = check_instances("", refcoco.read_objects(root, content, survey.findings), survey)
    file, usual, split = refcoco.find_refs(dataset, root, survey.split)
    if file is None:
        survey.absent(usual, "the list of sentences")
    elif content is not None:
        faults, said = survey.findings.errors, False
        for ref in refcoco.read_refs(file, split, objects, survey.findings):
            survey.count(ref.split, "references")
            said = True
        if not said and faults == survey.findings.errors:
            survey.findings.error(
                "splits",
                file,
                f"{file} has no reference{f' of the split {split}' if split else ''}; download it "
                "again.",
            )


def check_coco_panoptic(root: Path, survey: Survey) -> None:
    """COCO panoptic."""
    _check_panoptic(root, coco_panoptic, survey)


def check_ade20k(root: Path, survey: Survey) -> None:
    """ADE20K panoptic."""
    _check_panoptic(root, ade20k_panoptic, survey)


def _check_panoptic(root: Path, layout: ModuleType, survey: Survey) -> None:
    for part, file in _files(root, layout, layout.SPLITS[-1], "the list of segments", survey):
        maps, pictures = layout.map_folder(root, file), layout.picture_folder(root, file)
        check_panoptic(part, file, maps, pictures, survey)


def _files(
    root: Path, layout: ModuleType, usual: str, what: str, survey: Survey
) -> list[tuple[str, Path]]:
    """(part, JSON file) of those that are there; none is a finding."""
    found = split_files(root, layout.FILES, survey.split)
    if not found:
        survey.absent(root / layout.FILES[survey.split or usual][0], what)
    return list(found.items())


def check_sa1b(root: Path, survey: Survey) -> None:
    """SA-1B."""
    stills = find_stills(root)
    if not stills:
        survey.absent(root / "sa_000000", "with sa_*.jpg and sa_*.json")
    seen: dict[Any, Path] = {}
    for still in stills:
        if not still.labels.is_file():
            survey.absent(still.labels, f"the masks of {still.picture}")
            continue
        survey.count("", "images")
        _check_still(still, seen, survey)
        survey.progress(still.name)


def _check_still(still: Still, seen: dict[Any, Path], survey: Survey) -> None:
    file = still.labels
    read = read_labels(still, survey.findings)
    if read is None:
        return
    size, rows = read
    real = check_picture_file(still.picture, size, file, survey)
    if not rows:
        survey.findings.warning("empty labels", file, f"{file} has no mask.")
    for row in rows:
        where = f"{file}: annotation {row['id']}"
        if row["id"] in seen:
            survey.findings.error("ids", file, f"{where} has the id of one in {seen[row['id']]}.")
        if len(seen) < 1 << 22:  # about four archives; beyond it ids are compared per file
            seen[row["id"]] = file
        check_object_mask(where, row, real, file, survey)
