"""Segments of RGB maps as JSON lists them: ``segments_info`` and ``categories`` of COCO panoptic.

    categories     [{id, name, isthing}]
    segments_info  [{id, category_id, iscrowd, area[, score]}]

In a map, segment id = R + 256 G + 65536 B, and 0 is void.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..plain_values import finite, shown
from .problems import Problems, listed
from .rows import Row, whole_number

MOST_ID = 1 << 24
"""Ids are below it."""

Areas = Literal["none", "stated", "needed"]
"""What becomes of ``area``: left out, kept where it is given, or missed where it is not."""

_NO_CLASS = -1


@dataclass(frozen=True)
class Segments:
    """What a JSON file lists for one map.

    Attributes:
        classes: segment id → category id, in the order of the file.
        crowds: ids of crowds.
        areas: id → pixels as stated, where they are wanted.
        scores: id → confidence, for those that have one.
    """

    classes: Mapping[int, int]
    crowds: frozenset[int] = frozenset()
    areas: Mapping[int, int] = field(default_factory=dict)
    scores: Mapping[int, float] = field(default_factory=dict)


def read_segments(
    content: Any,
    place: str,
    source: Path,
    known: Container[int] | None,
    problems: Problems,
    areas: Areas = "none",
) -> Segments | None:
    """The segments of one map; None after a report where ``content`` is no list of rows.

    Args:
        content: value of ``segments_info``.
        place: the map in words, for sentences: "dog, image 00001".
        known: numbers of the classes that there are; None for any.
        areas: what becomes of stated areas.
    """
    if not isinstance(content, list):
        problems.error(
            "unreadable files", source, f"{source} lacks the list 'segments_info' of {place}."
        )
        return None
    classes: dict[int, int] = {}
    crowds: set[int] = set()
    stated: dict[int, int] = {}
    scores: dict[int, float] = {}
    for row in content:
        if not isinstance(row, dict):
            problems.error(
                "JSON", source, f"{source}: an entry of 'segments_info' is no JSON object."
            )
            continue
        id, category = row.get("id"), row.get("category_id")
        if type(id) is not int or not 0 < id < MOST_ID:
            _report_id(row, place, source, problems)
            continue
        if id in classes:
            problems.error(
                "ids", source, f"{source} lists the segment {id} of {place} more than once."
            )
        if type(category) is not int or (known is not None and category not in known):
            _report_category(row, place, source, problems)
        classes[id] = category if type(category) is int else _NO_CLASS
        if row.get("iscrowd"):
            crowds.add(id)
        if areas != "none" and (areas == "needed" or row.get("area") is not None):
            area = whole_number(row, "area", f"the segment {id} of {place}", source, problems)
            if area is not None:
                stated[id] = area
        score = finite(row["score"]) if "score" in row else None
        if score is not None:
            scores[id] = score
        if row.get("iscrowd", 0) not in (0, 1) or (score is None and "score" in row):
            _report_details(row, place, source, problems)
    return Segments(classes, frozenset(crowds), stated, scores)


def _report_id(row: Row, place: str, source: Path, problems: Problems) -> None:
    id = whole_number(row, "id", f"a segment of {place}", source, problems)
    if id is not None:
        problems.error(
            "ids",
            source,
            f"{source} lists the segment {id} of {place}; ids are 1..{MOST_ID - 1}, for 0 is void.",
        )


def _report_category(row: Row, place: str, source: Path, problems: Problems) -> None:
    what = f"the segment {row['id']} of {place}"
    category = whole_number(row, "category_id", what, source, problems)
    if category is not None:
        problems.error("classes", source, f"{source} gives {what} the unknown category {category}.")


def _report_details(row: Row, place: str, source: Path, problems: Problems) -> None:
    what = f"the segment {row['id']} of {place}"
    if row.get("iscrowd", 0) not in (0, 1):
        problems.error(
            "values",
            source,
            f"{source}: iscrowd of {what} is {shown(row['iscrowd'])}; 0 or 1 is wanted.",
        )
    if "score" in row and finite(row["score"]) is None:
        problems.error(
            "values", source, f"{source}: {what} has the score {shown(row['score'])}, no number."
        )


def compare_ids(
    ids: Collection[int], segments: Segments, png: Path, source: Path, problems: Problems
) -> None:
    """Reports segments that a map shows and its JSON does not list, and the reverse.

    Args:
        ids: values of the map, 0 or not.
    """
    there = set(ids) - {0}
    if there == segments.classes.keys():
        return
    unlisted = sorted(there - segments.classes.keys())
    if unlisted:
        problems.error(
            "ids",
            png,
            f"{png} holds the ids {listed(unlisted)}, which {source} does not list for it.",
        )
    unseen = sorted(segments.classes.keys() - there)
    if unseen:
        problems.error(
            "ids", png, f"{source} lists the ids {listed(unseen)}, which {png} does not show."
        )
