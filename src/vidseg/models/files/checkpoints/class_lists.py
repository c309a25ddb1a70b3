"""Which classes a published classifier tells apart: by their number, or by their names."""

from __future__ import annotations

import re
from pathlib import Path

from ....errors import ModelError, VocabularyError
from ....formats.reading import loads
from ....vocabularies import Vocabulary, get_vocabulary, is_thing_name

LISTS = {133: "coco_panoptic", 80: "coco", 150: "ade20k", 19: "cityscapes"}
"""Number of classes -> the published list that Mask2Former files with so many are trained on."""

_UNNAMED = re.compile(r"LABEL_\d+")


def class_list(count: int, place: Path) -> Vocabulary | None:
    """The ``count`` classes of the weights at ``place``; None where nothing tells them.

    A folder of Hugging Face names them in config.json; names of a published list become that list.

    Raises ModelError for names that cannot be used.
    """
    listed = get_vocabulary(LISTS[count]) if count in LISTS else None
    names = _names(place / "config.json", count)
    if not names or (listed is not None and _agree(names, listed)):
        return listed
    try:
        return Vocabulary(names, tuple(is_thing_name(name) for name in names))
    except VocabularyError as error:
        raise ModelError(f"{place / 'config.json'}, id2label: {error}") from error


def unnamed(count: int) -> Vocabulary:
    """Numbers in place of unknown names."""
    return Vocabulary(tuple(f"class {k}" for k in range(count)), (True,) * count)


def _names(file: Path, count: int) -> tuple[str, ...]:
    """The names of ``id2label`` in order; none where there are not ``count``."""
    try:
        labels = loads(file.read_bytes())["id2label"]
        names = tuple(str(labels[str(k)]) for k in range(count))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return names if len(labels) == count else ()


def _agree(names: tuple[str, ...], listed: Vocabulary) -> bool:
    """Whether names say nothing, or most of them are those of the list in its order."""
    if all(_UNNAMED.fullmatch(name) for name in names):
        return True
    same = sum(
        _key(name) in {_key(own), *map(_key, re.split(r",|;|_or_", text))}
        for name, own, text in zip(names, listed.names, listed.texts, strict=True)
    )
    return 2 * same > len(names)


def _key(name: str) -> str:
    return re.sub(r"\W|_", "", re.split(r"[,;]", name)[0]).lower()
