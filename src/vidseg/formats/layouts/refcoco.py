"""RefCOCO, RefCOCO+ (Yu et al., 2016) and RefCOCOg (Mao et al., 2016): sentences on COCO 2014.

    refcoco/                        refcoco+/ and refcocog/ alike
      instances.json                the objects of the pictures, as COCO lists them
      refs(unc).p                   sentences, by who made the splits: unc, umd or google;
                                    refs(unc).json holds the same list
    images/mscoco/images/train2014/ pictures: here, beside the folder of the dataset,
      COCO_train2014_000000000009.jpg   or in train2014/ or images/ of either folder

    refs    [{ref_id, ann_id, image_id, split, sentences: [{sent_id, sent}, ...]}]

The pickle files are read as data only; see :mod:`vidseg.formats.plain_pickle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..plain_pickle import read_plain_pickle
from ..plain_values import shown
from ..reading import read_any_json
from .coco_lists import ImageLists, ListedObject, by_file_name
from .places import first_file, first_folder
from .problems import Problems, listed

_OF_GOOGLE = ("google-train", "google-val")
SPLITS = {
    "refcoco": ("train", "val", "testA", "testB", *_OF_GOOGLE, "google-test"),
    "refcoco+": ("train", "val", "testA", "testB"),
    "refcocog": ("train", "val", "test", *_OF_GOOGLE),
}

_AUTHORS = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}
"""Whose splits are meant where none is named; those of Google for RefCOCOg share pictures."""

_PICTURES = ("train2014", "images/train2014", "images/mscoco/images/train2014", "images")
_KEYS = ("ref_id", "ann_id", "image_id", "split", "sentences")


def find_refs(dataset: str, folder: Path, split: str | None) -> tuple[Path | None, Path, str]:
    """The list of sentences; where it is expected first; and the split as the list spells it.

    An empty split is all of the list.
    """
    author, _, part = (split or "").rpartition("-")  # "google-train" is by another author
    name = f"refs({author or _AUTHORS[dataset]})"
    usual = folder / f"{name}.p"
    return first_file((usual, folder / f"{name}.json")), usual, part


def read_objects(folder: Path, content: Mapping[str, Any], problems: Problems) -> ImageLists:
    """``instances.json``, parsed before."""
    file = folder / "instances.json"
    places = [root / place for root in (folder, folder.parent) for place in _PICTURES]
    return ImageLists(content, file, by_file_name(first_folder(places), file), problems)


@dataclass(frozen=True)
class Reference:
    """An object and what is said of it: number of a sentence → text."""

    object: int
    split: str
    sentences: Mapping[int, str]


def read_refs(
    file: Path, split: str, objects: Mapping[Any, ListedObject], problems: Problems
) -> Iterator[Reference]:
    """The references of a split, of all where it is empty.

    Args:
        objects: those of ``instances.json`` by id.
    """
    try:
        refs = read_any_json(file) if file.suffix == ".json" else read_plain_pickle(file)
    except DataError as error:
        problems.error("unreadable files", file, str(error))
        return
    if not isinstance(refs, list):
        problems.error("unreadable files", file, f"{file} holds no list of references.")
        return
    seen: set[int] = set()
    for place, ref in enumerate(refs):
        where = f"{file}: reference {place}"
        lacking = [key for key in _KEYS if not isinstance(ref, dict) or key not in ref]
        if lacking:
            problems.error("unreadable files", file, f"{where} lacks {listed(lacking)}.")
            continue
        if not isinstance(ref["split"], str):
            problems.error("splits", file, f"{where} has the split {shown(ref['split'])}, no name.")
            continue
        if split and ref["split"] != split:
            continue
        numbers = [_number(ref, key, where, file, problems) for key in _KEYS[:3]]
        sentences = _sentences(ref["sentences"], where, file, problems)
        id, object, image = numbers
        if id is None or object is None or image is None:
            continue
        if id in seen:
            problems.error("ids", file, f"{file} has the ref_id {id} twice.")
        seen.add(id)
        if object not in objects:
            sentence = f"{where} means annotation {object}, which instances.json lacks."
            problems.error("ids", file, sentence)
        elif objects[object].image != image:
            sentence = (
                f"{where} is of image {image}, its annotation {object} of image "
                f"{objects[object].image}."
            )
            problems.error("ids", file, sentence)
        yield Reference(object, ref["split"], sentences)


def _sentences(rows: Any, where: str, file: Path, problems: Problems) -> dict[int, str]:
    """Number → text; empty texts are reported."""
    said: dict[int, str] = {}
    for row in rows if isinstance(rows, list) else ():
        text = row.get("sent") if isinstance(row, dict) else None
        if not isinstance(text, str) or not text.strip():
            said = {}
            break
        number = _number(row, "sent_id", where, file, problems)
        if number is not None:
            said[number] = _repaired(text)
    if not said:
        problems.error("sentences", file, f"{where} has an empty sentence or none.")
    return said


def _number(
    row: Mapping[str, Any], key: str, where: str, file: Path, problems: Problems
) -> int | None:
    """A whole number, perhaps one of numpy's."""
    try:
        return index(row[key])
    except (KeyError, TypeError):
        problems.error("ids", file, f"{where} has no number {key!r}.")
        return None


def _repaired(text: str) -> str:
    """Text that Python 2 wrote as UTF-8 bytes and that was read byte by byte."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
