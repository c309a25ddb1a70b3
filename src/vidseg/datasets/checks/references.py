"""RefCOCO, RefCOCO+ and RefCOCOg: sentences about the objects of stills."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts.problems import listed
from ...formats.reading import read_any_json
from ..sources.plain_pickle import read_plain_pickle
from .stills import check_instances, locate_by_name
from .survey import Survey

_REFER_PICTURES = ("train2014", "images/train2014", "images/mscoco/images/train2014", "images")


def check_refcoco(root: Path, survey: Survey, *, author: str) -> None:
    """``instances.json`` and ``refs(<author>).p`` or ``.json``: sentences about its objects.

    Args:
        author: whose splits are meant where none is named.
    """
    file = root / "instances.json"
    pictures = next(
        (
            base / place
            for base in (root, root.parent)
            for place in _REFER_PICTURES
            if (base / place).is_dir()
        ),
        root / "train2014",
    )
    objects = check_instances("", file, locate_by_name(pictures), survey)
    splitter, _, split = (survey.split or "").rpartition("-")  # "google-train" is by another author
    author = splitter or author
    names = [root / f"refs({author}).p", root / f"refs({author}).json"]
    refs_file = next((name for name in names if name.is_file()), None)
    if refs_file is None:
        survey.absent(names[0], "the list of sentences")
        return
    try:
        refs = (
            read_any_json(refs_file)
            if refs_file.suffix == ".json"
            else read_plain_pickle(refs_file)
        )
    except DataError as error:
        survey.findings.error("unreadable files", refs_file, str(error))
        return
    if not isinstance(refs, list):
        survey.findings.error("unreadable files", refs_file, f"{refs_file} holds no list.")
        return
    _check_refs(refs, refs_file, objects, split, survey)


def _check_refs(
    refs: list[Any],
    file: Path,
    objects: Mapping[Any, Mapping[str, Any]],
    split: str,
    survey: Survey,
) -> None:
    seen: set[Any] = set()
    for place, ref in enumerate(refs):
        where = f"{file}: reference {place}"
        keys = ("ref_id", "ann_id", "image_id", "sentences", "split")
        lacking = [key for key in keys if not isinstance(ref, dict) or key not in ref]
        if lacking:
            survey.findings.error("unreadable files", file, f"{where} lacks {listed(lacking)}.")
            continue
        if split and ref["split"] != split:
            continue
        survey.count(str(ref["split"]), "references")
        if ref["ref_id"] in seen:
            survey.findings.error("ids", file, f"{file} has the ref_id {ref['ref_id']} twice.")
        seen.add(ref["ref_id"])
        row = objects.get(ref["ann_id"])
        if objects and row is None:
            survey.findings.error(
                "ids", file, f"{where} means annotation {ref['ann_id']}, which no list has."
            )
        elif row is not None and row.get("image_id") != ref["image_id"]:
            survey.findings.error(
                "ids",
                file,
                f"{where} is of image {ref['image_id']}, its annotation {ref['ann_id']} of image "
                f"{row.get('image_id')}.",
            )
        said = [each.get("sent") for each in ref["sentences"] if isinstance(each, dict)]
        if not said or not all(isinstance(text, str) and text.strip() for text in said):
            survey.findings.error("sentences", file, f"{where} has an empty sentence or none.")
