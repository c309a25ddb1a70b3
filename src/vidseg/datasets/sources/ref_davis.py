"""Ref-DAVIS17, laid out as :mod:`vidseg.formats.layouts.ref_davis` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ...formats.layouts import davis, ref_davis
from ...labels import LabelSource, Sentence
from .davis import edition_files
from .object_maps import ObjectMaps
from .ref_youtube_vos import open_expressions


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split; by default the only one, or all videos that have masks."""
    if ref_davis.is_converted(folder):
        return open_expressions("ref_davis", folder, split, davis.VOID)
    texts = ref_davis.text_files(folder)
    if not texts[0].parent.is_dir():
        raise DataError(
            f"{folder} has no sentences; the folder davis_text_annotations or meta_expressions is "
            f"wanted."
        )
    told = [ref_davis.read_text(file) for file in texts]
    root = ref_davis.davis_folder(folder)
    files = edition_files(root, ref_davis.davis_split(split), davis.UNSUPERVISED)
    sentences = [_sentences(video.info.name, told) for video in files]
    for video, found in zip(files, sentences, strict=True):
        if not found:
            raise DataError(f"{texts[0].parent} has no sentence about the video {video.info.name}.")
    return ObjectMaps("ref_davis", files, void=davis.VOID, sentences=sentences)


def _sentences(video: str, told: Sequence[ref_davis.Texts]) -> tuple[Sentence, ...]:
    """The sentences of all annotators about the objects of a video."""
    objects = sorted({id for texts in told for name, id in texts if name == video}, key=str)
    return tuple(
        Sentence(str(len(told) * place + annotator), texts[video, id], (id,))
        for place, id in enumerate(objects)
        for annotator, texts in enumerate(told)
        if (video, id) in texts
    )
