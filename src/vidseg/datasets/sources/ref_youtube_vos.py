"""Ref-YouTube-VOS.

    meta_expressions/<split>/meta_expressions.json   train, valid, test
    <split>/JPEGImages/<video>/<frame>.jpg
    <split>/Annotations/<video>/<frame>.png          palette, value = object; train alone
    <split>/meta.json                                classes of the objects, as in YouTube-VOS
                                                     (train alone)

Or one split: ``meta_expressions.json`` beside ``JPEGImages`` and ``Annotations``. The file of valid
also lists the videos of test, which are not part of the split; they are left out where the file of
test is there to tell them. Sentences of valid and test do not say which object they mean.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts.object_meta import read_meta
from ...labels import LabelSource
from .expressions import read_expressions
from .listing import list_video
from .object_maps import ObjectMaps, declared_classes, declared_tracks
from .split_files import find_split

SPLITS = ("train", "valid", "test")
_FILE = "meta_expressions.json"


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    source, root = folder / _FILE, folder
    if split is not None or not source.is_file():
        places = {s: (f"meta_expressions/{s}/{_FILE}",) for s in SPLITS}
        split, source = find_split(folder, split, places, "ref_youtube_vos")
        root = folder / split
    test = folder / "meta_expressions" / "test" / _FILE
    others = read_expressions(test) if split == "valid" and test.is_file() else {}
    return open_expressions("ref_youtube_vos", root, source, set(others))


def open_expressions(
    name: str, root: Path, source: Path, left_out: set[str], void: int | None = None
) -> LabelSource:
    """``root`` with JPEGImages, Annotations and perhaps meta.json, described by ``source``.

    Args:
        name: short name for messages.
        left_out: videos that are not part of the split.
        void: value of pixels that are not labelled; None for none.
    """
    found = read_expressions(source)
    videos = {name: video for name, video in found.items() if name not in left_out}
    files = [
        list_video(
            video,
            root / "Annotations" / video,
            root / "JPEGImages" / video,
            frames=about.frames,
            source=source,
        )
        for video, about in videos.items()
    ]
    sentences = [about.sentences for about in videos.values()]
    meta = root / "meta.json"
    if not meta.is_file():
        return ObjectMaps(name, files, void=void, sentences=sentences)
    declared = read_meta(meta)
    for video in videos:
        if video not in declared:
            raise DataError(f"{source} has the video {video}, which {meta} does not list.")
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
