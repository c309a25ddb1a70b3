"""Ref-YouTube-VOS, laid out as :mod:`vidseg.formats.layouts.ref_youtube_vos` draws it."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts import ref_youtube_vos, youtube_vos
from ...formats.layouts.object_meta import read_meta
from ...labels import LabelSource
from .listing import list_video
from .object_maps import ObjectMaps, declared_classes, declared_tracks


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    return open_expressions("ref_youtube_vos", folder, split)


def open_expressions(
    name: str, folder: Path, split: str | None, void: int | None = None
) -> LabelSource:
    """Opens a split of a dataset in the form of Ref-YouTube-VOS.

    Args:
        name: short name for messages.
        void: value of pixels that are not labelled; None for none.
    """
    there = ref_youtube_vos.parts(folder, split)
    if not there:
        usual = folder / ref_youtube_vos.FOLDER / (split or "train") / ref_youtube_vos.FILE
        raise DataError(f"{folder} holds no annotations of {name}; {usual} is wanted.")
    if len(there) > 1:
        raise DataError(
            f"{folder} holds the splits {', '.join(part.split for part in there)} of {name}; "
            "choose one with --split."
        )
    (part,) = there
    videos = ref_youtube_vos.read_part(part)
    files = [
        list_video(
            video,
            part.maps / video,
            part.pictures / video,
            frames=about.frames,
            source=part.source,
        )
        for video, about in videos.items()
    ]
    sentences = [about.sentences for about in videos.values()]
    meta = youtube_vos.meta_file(part.folder)
    if not meta.is_file():
        return ObjectMaps(name, files, void=void, sentences=sentences)
    declared = read_meta(meta)
    for video in videos:
        if video not in declared:
            raise DataError(f"{part.source} has the video {video}, which {meta} does not list.")
    categories = declared_classes(declared.values())
    return ObjectMaps(
        name,
        files,
        categories=categories,
        objects=declared_tracks((declared[video] for video in videos), categories),
        source=meta,
        void=void,
        sentences=sentences,
    )
