"""``meta_expressions.json``: sentences about the objects of videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError
from ...formats.reading import inside, read_json
from ...labels import Sentence
from .annotated_images import value_of


@dataclass(frozen=True)
class DescribedVideo:
    """What the file says of a video.

    Attributes:
        frames: their names, in order.
        sentences: without objects where the file does not tell them.
    """

    frames: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def read_expressions(path: Path) -> dict[str, DescribedVideo]:
    """``videos.<video>`` = {expressions: {<name>: {exp, obj_id}}, frames}, in the file's order.

    Raises DataError for a file of another form.
    """
    rows = value_of(read_json(path), "videos", dict, path)
    return {name: _video(name, value_of(rows, name, dict, path), path) for name in rows}


def _video(name: str, row: dict[str, object], path: Path) -> DescribedVideo:
    inside(path.parent, name, path)
    frames = tuple(str(frame) for frame in value_of(row, "frames", list, path))
    for frame in frames:
        inside(path.parent, frame, path)
    if len(set(frames)) < len(frames):
        raise DataError(f"{path}: video {name} has a frame twice.")
    expressions = value_of(row, "expressions", dict, path)
    sentences = []
    for key in expressions:
        about = value_of(expressions, key, dict, path)
        text = value_of(about, "exp", str, path)
        objects: tuple[int, ...] = ()
        if "obj_id" in about:
            number = str(about["obj_id"])
            if not number.isdigit() or int(number) < 1:
                raise DataError(
                    f"{path}: expression {key} of {name} means the object {number!r}; a number "
                    f"from 1 is wanted."
                )
            objects = (int(number),)
        sentences.append(Sentence(key, text, objects))
    return DescribedVideo(frames, tuple(sentences))
