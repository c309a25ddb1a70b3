"""Prompts out of command-line words such as ``2@10:320,180`` and their check against a source."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import PromptError
from ..paths import user_path
from ..pictures.mask_values import meaning, read_mask
from ..prompts import Box, Mask, Point, Scribble, Text, VisualPrompt
from ..vocabularies import Vocabulary, is_thing_name

_VOID_NOTE = "Pixels of value 255 beside numbers of objects are not labelled."
_PREFIX = re.compile(r"^(?:(?P<id>\d+)?(?:@(?P<frame>\d+))?:)?(?P<rest>.*)$", re.DOTALL)


_MOST_DIGITS = 18


def _split(option: str, word: str) -> tuple[int, int, str]:
    """(id, frame, what follows) of ``[ID][@FRAME]:rest``; 1 and 0 where they are left out."""
    match = _PREFIX.match(word)
    if match is None or not match["rest"].strip():
        raise PromptError(f"{option} {word!r} says nothing after the colon.")
    numbers = (match["id"] or "1", match["frame"] or "0")
    if max(map(len, numbers)) > _MOST_DIGITS:
        raise PromptError(f"{option} begins with a number of more than {_MOST_DIGITS} digits.")
    return int(numbers[0]), int(numbers[1]), match["rest"]


def _split_frameless(option: str, word: str) -> tuple[int, str]:
    """(id, what follows) of ``[ID:]rest``, which is about the whole video."""
    match = _PREFIX.match(word)
    if match is not None and match["frame"] is not None:
        raise PromptError(f"{option} {word!r} is about the whole video; leave @ out.")
    object_id, _, rest = _split(option, word)
    return object_id, rest.strip()


def _numbers(option: str, word: str, parts: Sequence[str], form: str) -> list[float]:
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = [math.nan]
    if not all(math.isfinite(value) for value in values):
        raise PromptError(f"{option} {word!r} is not of the form {form}.")
    return values


def parse_point(word: str) -> Point:
    """``[ID][@FRAME]:x,y[,-]``; a trailing ``-`` says that the object is not there."""
    form = "[ID@FRAME:]x,y[,-]"
    object_id, frame, rest = _split("--point", word)
    parts = [part.strip() for part in rest.split(",")]
    positive = True
    if len(parts) == 3 and parts[2] in ("-", "+"):
        positive = parts.pop() == "+"
    if len(parts) != 2:
        raise PromptError(f"--point {word!r} is not of the form {form}.")
    x, y = _numbers("--point", word, parts, form)
    return Point(x, y, object_id=object_id, frame=frame, positive=positive)


def parse_box(word: str) -> Box:
    """``[ID][@FRAME]:x0,y0,x1,y1``."""
    form = "[ID@FRAME:]x0,y0,x1,y1"
    object_id, frame, rest = _split("--box", word)
    parts = rest.split(",")
    if len(parts) != 4:
        raise PromptError(f"--box {word!r} is not of the form {form}.")
    x0, y0, x1, y1 = _numbers("--box", word, parts, form)
    return Box(x0, y0, x1, y1, object_id=object_id, frame=frame)


def parse_scribble(word: str) -> Scribble:
    """``[ID][@FRAME]:x,y,x,y,...``: a stroke through these points."""
    form = "[ID@FRAME:]x,y,x,y,..."
    object_id, frame, rest = _split("--scribble", word)
    parts = rest.split(",")
    if len(parts) % 2:
        raise PromptError(f"--scribble {word!r} is not of the form {form}.")
    points = np.array(_numbers("--scribble", word, parts, form)).reshape(-1, 2)
    return Scribble(points, object_id=object_id, frame=frame)


def parse_mask(word: str) -> list[Mask]:
    """``[ID][@FRAME]:file.png``: all objects of the file are that object.

    Without an ID, a file with several values gives one object per value, as in DAVIS. What values
    mean is the rule of :mod:`vidseg.pictures.mask_values`.
    """
    object_id, frame, rest = _split("--mask", word)
    path = user_path(rest)
    stored = read_mask(path, PromptError)
    rule = meaning([(stored.present(), stored.shades)])
    ids, void = rule.ids(stored)
    for note in (rule.note, _VOID_NOTE if void.any() else ""):
        if note:
            print(f"--mask {path}: {note}", file=sys.stderr)
    match = _PREFIX.match(word)
    values = [int(value) for value in np.unique(ids) if value > 0]
    if not values:
        raise PromptError(f"--mask {path}: the mask is empty; objects are the values above 0.")
    if match is None or match["id"] is not None or len(values) < 2:
        return [Mask(ids > 0, object_id=object_id, frame=frame)]
    return [Mask(ids == value, object_id=value, frame=frame) for value in values]


def parse_text(word: str) -> Text:
    """``[ID:]sentence``."""
    object_id, sentence = _split_frameless("--text", word)
    return Text(sentence, object_id=object_id)


def parse_names(words: Sequence[str]) -> dict[int, str]:
    """Class of each object out of ``[ID:]CLASS``. PromptError where one object gets two."""
    names: dict[int, str] = {}
    for word in words:
        object_id, name = _split_frameless("--name", word)
        if names.setdefault(object_id, name) != name:
            raise PromptError(
                f"--name calls object {object_id} both {names[object_id]!r} and {name!r}."
            )
    return names


def with_names(
    prompts: Sequence[VisualPrompt], names: Mapping[int, str], classes: Vocabulary | None
) -> list[VisualPrompt]:
    """The prompts, each with the class of its object as far as it has one in ``names``.

    ``classes`` say what is stuff; without them the published lists do. Raises PromptError for an
    object without a prompt, VocabularyError for a class that is not among ``classes``.
    """
    for object_id in names.keys() - {prompt.object_id for prompt in prompts}:
        raise PromptError(f"--name is about object {object_id}, which no prompt marks.")
    is_thing = {
        object_id: is_thing_name(name) if classes is None else classes.is_thing[classes.index(name)]
        for object_id, name in names.items()
    }
    return [
        replace(p, category=names[p.object_id], is_thing=is_thing[p.object_id])
        if p.object_id in names
        else p
        for p in prompts
    ]
