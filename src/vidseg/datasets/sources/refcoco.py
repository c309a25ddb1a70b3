"""RefCOCO, RefCOCO+ (Yu et al., 2016) and RefCOCOg (Mao et al., 2016): sentences on COCO 2014.

    refcoco/                        refcoco+/ and refcocog/ alike
      instances.json                the objects of the pictures, as COCO lists them
      refs(unc).p                   sentences, by who made the splits: unc, umd or google;
                                    refs(unc).json holds the same list
    images/mscoco/images/train2014/ pictures: here, beside the folder of the dataset,
      COCO_train2014_000000000009.jpg   or in train2014/ or images/ of either folder

The pickle files are read as data only; see :mod:`.plain_pickle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.reading import inside, read_any_json, read_json
from ...labels import Category, LabelSource, Sentence
from .annotated_images import (
    AnnotatedImage,
    AnnotatedImages,
    Record,
    first_folder,
    parse_categories,
    parse_images,
    value_of,
)
from .plain_pickle import read_plain_pickle

_SPLITS = {
    "refcoco": ("train", "val", "testA", "testB", "google-train", "google-val", "google-test"),
    "refcoco+": ("train", "val", "testA", "testB"),
    "refcocog": ("train", "val", "test", "google-train", "google-val"),
}
_AUTHORS = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}
"""Whose splits are meant where none is named; those of Google for RefCOCOg share pictures."""

SPLITS = tuple(dict.fromkeys(split for splits in _SPLITS.values() for split in splits))


def open_refcoco(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCO; all splits of UNC where none is named."""
    return _open("refcoco", folder, split)


def open_refcoco_plus(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCO+; all splits where none is named."""
    return _open("refcoco+", folder, split)


def open_refcocog(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCOg; all splits of UMD where none is named."""
    return _open("refcocog", folder, split)


class ReferringStills(AnnotatedImages):
    """Stills with sentences about their objects. All objects are tracks, told of or not."""

    def __init__(
        self,
        name: str,
        images: Sequence[AnnotatedImage],
        categories: Sequence[Category],
        said: Sequence[tuple[Sentence, ...]],
    ) -> None:
        super().__init__(name, images, categories)
        self._said = said

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """Each means one object; its name is ``sent_id``."""
        return self._said[video]


def _open(dataset: str, folder: Path, split: str | None) -> LabelSource:
    if split is not None and split not in _SPLITS[dataset]:
        known = ", ".join(_SPLITS[dataset])
        raise DataError(f"{dataset} has no split {split!r}; its splits are {known}.")
    author, _, part = (split or "").rpartition("-")
    refs_file = _refs_file(folder, author or _AUTHORS[dataset])
    refs = [ref for ref in _read_refs(refs_file) if not part or ref["split"] == part]
    file = folder / "instances.json"
    content = read_json(file)
    pictures = _picture_folder(folder)

    def locate(record: Record) -> Path:
        return inside(pictures, value_of(record, "file_name", str, file), file)

    images = parse_images(content, file, locate)
    said = _sentences(images, refs, refs_file)
    told = [number for number, sentences in enumerate(said) if sentences]
    if not told:
        raise DataError(f"{refs_file} has no sentence of the split {part!r}.")
    return ReferringStills(
        f"{dataset} {split}" if split else dataset,
        [images[number] for number in told],
        parse_categories(content, file),
        [said[number] for number in told],
    )


def _refs_file(folder: Path, author: str) -> Path:
    for name in (f"refs({author}).p", f"refs({author}).json"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder} has no refs({author}).p and no refs({author}).json.")


def _read_refs(file: Path) -> list[dict[str, Any]]:
    refs = read_any_json(file) if file.suffix == ".json" else read_plain_pickle(file)
    if not isinstance(refs, list):
        raise DataError(f"{file} holds a {type(refs).__name__}; a list of references is wanted.")
    for ref in refs:
        value_of(ref, "split", str, file)
        value_of(ref, "sentences", list, file)
    return refs


def _sentences(
    images: Sequence[AnnotatedImage], refs: Sequence[Record], file: Path
) -> list[tuple[Sentence, ...]]:
    """The sentences of each image; DataError for an object that instances.json does not list."""
    place = {
        record["id"]: (number, track)
        for number, image in enumerate(images)
        for track, record in enumerate(image.annotations or (), start=1)
        if "id" in record
    }
    said: list[list[Sentence]] = [[] for _ in images]
    for ref in refs:
        annotation = _number(ref, "ann_id", file)
        if annotation not in place:
            raise DataError(f"{file} means annotation {annotation}, which instances.json lacks.")
        number, track = place[annotation]
        for sentence in ref["sentences"]:
            text = value_of(sentence, "sent", str, file)
            name = str(_number(sentence, "sent_id", file))
            said[number].append(Sentence(name, _repaired(text), (track,)))
    return [tuple(sentences) for sentences in said]


def _number(record: Record, key: str, file: Path) -> int:
    """A whole number, perhaps one of numpy's."""
    try:
        return int(record[key])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file}: a reference has no number {key!r}.") from error


def _repaired(text: str) -> str:
    """Text that Python 2 wrote as UTF-8 bytes and that was read byte by byte."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _picture_folder(folder: Path) -> Path:
    places = ("train2014", "images/train2014", "images/mscoco/images/train2014", "images")
    return first_folder(root / place for root in (folder, folder.parent) for place in places)
