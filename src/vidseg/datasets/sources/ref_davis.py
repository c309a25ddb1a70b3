"""Ref-DAVIS17.

    DAVIS/                                             DAVIS 2017 with Annotations_unsupervised; or
                                                       its folders in the root
    davis_text_annotations/Davis17_annot1.txt          one annotator, who saw the first frame,
    davis_text_annotations/Davis17_annot1_full_video.txt    and who saw the whole video;
    davis_text_annotations/Davis17_annot2.txt               and another one
    davis_text_annotations/Davis17_annot2_full_video.txt    <video> <object> "<words>"

Or, converted to the form of Ref-YouTube-VOS:

    meta_expressions/<split>/meta_expressions.json     train, valid
    <split>/{JPEGImages,Annotations}/<video>, <split>/meta.json

Sentences are numbered 4 k + a for the k-th object of a video and the annotator a = 0..3 in the
order above, in both forms. The split valid is DAVIS's val; 255 is void.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts.davis import UNSUPERVISED
from ...labels import LabelSource, Sentence
from .annotated_images import first_folder
from .davis import edition_files
from .object_maps import ObjectMaps
from .ref_youtube_vos import open_expressions
from .split_files import find_split

SPLITS = ("train", "valid")
_TEXTS = (
    ("Davis17_annot1.txt", "utf-8"),
    ("Davis17_annot1_full_video.txt", "utf-8"),
    ("Davis17_annot2.txt", "latin-1"),
    ("Davis17_annot2_full_video.txt", "latin-1"),
)
_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
"""Names in the lists of sentences → names of the videos."""
_VOID = 255


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split; by default the only one, or all videos that have masks."""
    if (folder / "meta_expressions").is_dir():
        places = {s: (f"meta_expressions/{s}/meta_expressions.json",) for s in SPLITS}
        split, source = find_split(folder, split, places, "ref_davis")
        return open_expressions("ref_davis", folder / split, source, set(), _VOID)
    texts = folder / "davis_text_annotations"
    if not texts.is_dir():
        raise DataError(
            f"{folder} has no sentences; the folder davis_text_annotations or meta_expressions is "
            f"wanted."
        )
    said = [_read_texts(texts / name, encoding) for name, encoding in _TEXTS]
    root = first_folder((folder / "DAVIS", folder))
    files = edition_files(root, "val" if split == "valid" else split, UNSUPERVISED)
    sentences = [_sentences([by_video.get(v.info.name, {}) for by_video in said]) for v in files]
    for video, found in zip(files, sentences, strict=True):
        if not found:
            raise DataError(f"{texts} has no sentence about the video {video.info.name}.")
    return ObjectMaps("ref_davis", files, void=_VOID, sentences=sentences)


def _read_texts(path: Path, encoding: str) -> dict[str, dict[int, str]]:
    """Video → object → words."""
    try:
        lines = path.read_text(encoding=encoding).splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read the sentences {path}: {error}") from error
    found: dict[str, dict[int, str]] = {}
    for number, line in enumerate(lines, start=1):
        parts = line.split(maxsplit=2)
        if not parts:
            continue
        if len(parts) < 3 or not parts[1].isdigit() or int(parts[1]) < 1:
            raise DataError(f'{path}, line {number}: <video> <object> "<words>" is wanted.')
        objects = found.setdefault(_MISSPELT.get(parts[0], parts[0]), {})
        if int(parts[1]) in objects:
            raise DataError(f"{path}, line {number}: a second sentence about the same object.")
        objects[int(parts[1])] = " ".join(parts[2].split()).strip('"')
    return found


def _sentences(by_annotator: list[dict[int, str]]) -> tuple[Sentence, ...]:
    objects = sorted({id for said in by_annotator for id in said}, key=str)
    return tuple(
        Sentence(str(len(_TEXTS) * place + annotator), said[id], (id,))
        for place, id in enumerate(objects)
        for annotator, said in enumerate(by_annotator)
        if id in said
    )
