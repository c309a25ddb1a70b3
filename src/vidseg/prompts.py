"""What the user points at: one dataclass per kind of prompt. Coordinates are source pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import PromptError
from .types import LARGEST_ID, MaskArray, is_text


def _check_identity(object_id: int, frame: int, category: str | None = None) -> None:
    if not 1 <= object_id <= LARGEST_ID:
        raise PromptError(f"Object ids start at 1 and end at {LARGEST_ID}; got {object_id}.")
    if frame < 0:
        raise PromptError(f"Object {object_id}: frame must be 0 or more; got {frame}.")
    if category is not None:
        _check_text(object_id, "class", category)


def _check_text(object_id: int, what: str, text: str) -> None:
    if not is_text(text):
        raise PromptError(
            f"Object {object_id}: the {what} {text!r} holds bytes that are no text; write it in "
            "UTF-8."
        )


@dataclass(frozen=True)
class Point:
    """A click at (x, y) pixels, the centre of the top-left pixel being (0, 0).

    ``positive=False`` says that the object is *not* there; such a point needs a positive prompt
    for the same object. ``category`` and ``is_thing`` may name the object (PVOS needs to know
    stuff from things). Raises PromptError for an id below 1 or a negative frame.
    """

    x: float
    y: float
    object_id: int = 1
    frame: int = 0
    positive: bool = True
    category: str | None = None
    is_thing: bool = True

    def __post_init__(self) -> None:
        _check_identity(self.object_id, self.frame, self.category)


@dataclass(frozen=True)
class Box:
    """A box with corners (x0, y0) and (x1, y1) in pixels, x0 < x1 and y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float
    object_id: int = 1
    frame: int = 0
    category: str | None = None
    is_thing: bool = True

    def __post_init__(self) -> None:
        _check_identity(self.object_id, self.frame, self.category)
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise PromptError(
                f"Object {self.object_id}: a box needs x0 < x1 and y0 < y1; "
                f"got {self.x0:g},{self.y0:g},{self.x1:g},{self.y1:g}."
            )


@dataclass(frozen=True, eq=False)
class Mask:
    """A bool mask [H, W] of the size of the source frame, with at least one pixel."""

    mask: MaskArray = field(repr=False)
    object_id: int = 1
    frame: int = 0
    category: str | None = None
    is_thing: bool = True

    def __post_init__(self) -> None:
        _check_identity(self.object_id, self.frame, self.category)
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
            raise PromptError(f"Object {self.object_id}: a mask must be a 2-D bool array.")
        if not self.mask.any():
            raise PromptError(f"Object {self.object_id}: the mask is empty; mark at least a pixel.")


@dataclass(frozen=True, eq=False)
class Scribble:
    """A stroke through the object: [N, 2] points (x, y) in pixels, joined in order, N >= 1."""

    points: npt.NDArray[np.float64] = field(repr=False)
    object_id: int = 1
    frame: int = 0
    category: str | None = None
    is_thing: bool = True

    def __post_init__(self) -> None:
        _check_identity(self.object_id, self.frame, self.category)
        if self.points.ndim != 2 or self.points.shape[1] != 2 or len(self.points) == 0:
            raise PromptError(f"Object {self.object_id}: a scribble must be an [N, 2] array.")


@dataclass(frozen=True)
class Text:
    """A sentence that singles out one object of the whole video."""

    text: str
    object_id: int = 1

    def __post_init__(self) -> None:
        _check_identity(self.object_id, 0)
        if not self.text.strip():
            raise PromptError(f"Object {self.object_id}: the sentence is empty.")
        _check_text(self.object_id, "sentence", self.text)


VisualPrompt: TypeAlias = Point | Box | Mask | Scribble
Prompt: TypeAlias = Point | Box | Mask | Scribble | Text
