"""Ref-YouTube-VOS.

    meta_expressions/<split>/meta_expressions.json   train, valid, test
    <split>/JPEGImages/<video>/<frame>.jpg
    <split>/Annotations/<video>/<frame>.png          palette, value = object; train alone
    <split>/meta.json                                classes of the objects, as in YouTube-VOS
                                                     (train alone)

Or one split: ``meta_expressions.json`` beside ``JPEGImages`` and ``Annotations``. The file has
``videos.<video>`` = {expressions: {<name>: {exp, obj_id}}, frames}. That of valid also lists the
videos of test, which are not part of the split; they are left out where the file of test is there
to tell them. Sentences of valid and test do not say which object they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...labels import Sentence
from ..plain_values import shown
from .object_meta import HIGHEST_ID, MAPS, PICTURES, videos_by_name
from .places import first_folder, path_inside
from .problems import STRICT, Problems
from .rows import Row, is_id, is_name, numbered

SPLITS = ("train", "valid", "test")
FOLDER, FILE = "meta_expressions", "meta_expressions.json"


@dataclass(frozen=True)
class Part:
    """A split.

    Attributes:
        split: its name; "" where nothing tells it.
        source: the file of the sentences.
        folder: holds the pictures and the maps.
    """

    split: str
    source: Path
    folder: Path

    @property
    def maps(self) -> Path:
        """The folder of the maps of all videos."""
        return self.folder / MAPS

    @property
    def pictures(self) -> Path:
        """The folder of the pictures of all videos."""
        return self.folder / PICTURES

    @property
    def frames(self) -> Path:
        """The pictures, or the maps where there are none, which have their names and sizes."""
        return first_folder((self.pictures, self.maps))


def parts(root: Path, split: str | None = None) -> tuple[Part, ...]:
    """The splits that are there and asked for.

    ``root`` may be the folder of a split: with its file in it, or beside ``meta_expressions``.
    """
    found = (
        Part(name, root / FOLDER / name / FILE, root / name)
        for name in SPLITS
        if split in (None, name)
    )
    alone = (
        Part(split or "", root / FILE, root),
        Part(split or root.name, root.parent / FOLDER / root.name / FILE, root),
    )
    there = tuple(part for part in found if part.source.is_file())
    return there or tuple(part for part in alone if part.source.is_file())[:1]


@dataclass(frozen=True)
class DescribedVideo:
    """What the file says of a video.

    Attributes:
        frames: their names, in order.
        sentences: without objects where the file does not tell them.
    """

    frames: tuple[str, ...] = field(repr=False)
    sentences: tuple[Sentence, ...] = field(repr=False)


def read_part(part: Part, problems: Problems = STRICT) -> dict[str, DescribedVideo]:
    """Name → video of a split, in the order of its file."""
    videos = read_expressions(part.source, problems)
    test = part.source.parent.with_name("test") / FILE
    if part.split != "valid" or part.source.parent.name != "valid" or not test.is_file():
        return videos
    others = read_expressions(test, problems)
    return {name: video for name, video in videos.items() if name not in others}


def read_expressions(source: Path, problems: Problems = STRICT) -> dict[str, DescribedVideo]:
    """Name → video, in the order of the file; what is faulty is reported and left out."""
    found = {}
    for name, row in videos_by_name(source, problems):
        video = _video(name, row, source, problems)
        if video is not None:
            found[name] = video
    return found


def _video(name: str, row: Row, source: Path, problems: Problems) -> DescribedVideo | None:
    frames, expressions = row.get("frames"), row.get("expressions")
    for key, value, kind in (("frames", frames, list), ("expressions", expressions, dict)):
        if not isinstance(value, kind) or not value:
            problems.error(
                "unreadable files", source, f"{source} lists no {key} of the video {name}."
            )
            return None
    if not all(map(is_id, frames or ())):
        problems.error(
            "unreadable files", source, f"{source} names a frame of {name} by what is no name."
        )
        return None
    names = tuple(map(str, frames or ()))
    if len(set(names)) < len(names):
        problems.error("ids", source, f"{source} names a frame of {name} twice; keep one.")
    if any(path_inside(source.parent, frame, source, problems) is None for frame in set(names)):
        return None
    found = []
    for key, about in (expressions or {}).items():
        sentence = _sentence(key, about if isinstance(about, dict) else {}, name, source, problems)
        if sentence is not None:
            found.append(sentence)
    return DescribedVideo(tuple(dict.fromkeys(names)), tuple(found))


def _sentence(
    key: str, about: Row, video: str, source: Path, problems: Problems
) -> Sentence | None:
    text, id = about.get("exp"), about.get("obj_id")
    where = f"{source}: expression {key} of {video}"
    if not is_name(key) or path_inside(source.parent, key, source, problems) is None:
        return None  # its answers lie in a folder of this name
    if not is_name(text):
        problems.error("sentences", source, f"{where} has no text 'exp'; download it.")
        return None
    if id is None:
        return Sentence(key, text, ())
    number = id if type(id) is int else numbered(id)
    if number is None or not 1 <= number <= HIGHEST_ID:
        problems.error(
            "ids", source, f"{where} means the object {shown(id)}; 1 to {HIGHEST_ID} are wanted."
        )
        return None
    return Sentence(key, text, (number,))
