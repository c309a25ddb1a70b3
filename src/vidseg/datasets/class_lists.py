"""The class list that a dataset's clips are supervised over, matched by name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import VocabularyError, nearest_hint
from ..labels import Category
from ..vocabularies import get_vocabulary

PUBLISHED = {
    "ytvis2019": "ytvis2019",
    "ytvis2021": "ytvis2021",
    "ytvis2022": "ytvis2022",
    "ovis": "ovis",
    "vspw": "vspw",
    "vspw_mapped": "vspw",
    "vipseg": "vipseg",
    "viposeg": "viposeg",
    "burst": "own",  # names of LVIS v0.5, of which some are not in LVIS v1
    "kitti_step": "kitti_step",
    "coco_instances": "coco",
    "coco_panoptic": "coco_panoptic",
    "lvis": "lvis",
    "ade20k_panoptic": "ade20k",
    "entityseg": "own",
}
"""Kind of a source → its list, ``own`` where there is no other one.

Other datasets of the registry are trained without classes: objects are what a mask or a sentence
says (UniVS §4.1).
"""


def class_list(
    wanted: str, kind: str, split: str | None, categories: Sequence[Category], where: str
) -> tuple[tuple[str, ...], dict[int, int]]:
    """The K names that class losses of a source are restricted to.

    Args:
        wanted: ``auto``, ``own``, ``none`` or the name of a published list.
        kind: of the source.
        split: of it; the instances of EntitySeg have a published list.
        categories: of the dataset.
        where: the source, for messages.

    Returns:
        The names as the text encoder wants them, and category id → row of them. Both are empty for
        no classes.

    Raises VocabularyError for an unknown list, a category that the list lacks, or two categories
    of one name.
    """
    name = wanted
    if wanted == "auto":
        name = PUBLISHED.get(kind, "none")
        if kind == "entityseg" and "insseg" in (split or ""):
            name = "entityseg_instance"
    if name == "none" or not categories:
        return (), {}
    if name == "own":
        return tuple(c.name for c in categories), {c.id: k for k, c in enumerate(categories)}
    vocabulary = get_vocabulary(name)
    rows = {_key(text): row for row, text in enumerate(vocabulary.texts)}
    rows |= {_key(text): row for row, text in enumerate(vocabulary.names)}
    given = {category.id: _row(category.name, rows) for category in categories}
    lacking = [category.name for category in categories if given[category.id] is None]
    if lacking:
        raise VocabularyError(_mismatch(lacking, name, list(vocabulary.names), where))
    found = {id: row for id, row in given.items() if row is not None}
    if len(set(found.values())) < len(found):
        raise VocabularyError(
            f"{where} has two classes that are one and the same of the list {name!r}; choose "
            f"another list, or 'own'."
        )
    return vocabulary.texts, found


def _row(name: str, rows: dict[str, int]) -> int | None:
    """The row of a name; of its first synonym where it lists several, as names of ADE20K do."""
    return rows.get(_key(name), rows.get(_key(name.split(",")[0])))


def _mismatch(lacking: Sequence[str], name: str, known: list[str], where: str) -> str:
    shown = ", ".join(repr(one) for one in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    near = nearest_hint(lacking[0], known, "{!r}")
    hint = f" (the nearest to {lacking[0]!r} is {near})" if near else ""
    return (
        f"The class list {name!r} does not match {where}: it lacks {shown}{more}{hint}; set the "
        f"vocabulary of the source to the list of this dataset, to 'own' or to 'none'."
    )


def _key(name: str) -> str:
    return re.sub(r"[\s_,-]+", " ", name).strip().lower()
