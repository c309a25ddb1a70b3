"""RefCOCO, RefCOCO+ and RefCOCOg: sentences about the objects of stills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...formats.layouts import refcoco
from ...formats.layouts.coco_lists import ListedObject
from .stills import check_instances
from .survey import Survey


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
        for ref in refcoco.read_refs(file, split, objects, survey.findings):
            survey.count(ref.split, "references")
