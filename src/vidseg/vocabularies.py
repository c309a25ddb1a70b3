"""Lists of category names: the published ones by name, and a caller's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from .errors import VocabularyError, comparable, nearest_hint
from .types import is_text

ALIASES = {
    "vspw": "vipseg",
    "viposeg": "vipseg",
    "burst": "lvis",
    "ytvis19": "ytvis2019",
    "ytvis21": "ytvis2021",
    "ytvis2022": "ytvis2021",
}
"""Other names of the same lists."""

CONCEPT_ROWS = {
    "imagenet": range(1000),
    "lvis": range(1000, 2203),
    "ytvis2021": range(2203, 2243),
    "ovis": range(2243, 2268),
    "bdd_track": range(2268, 2276),
    "objects365": range(2276, 2641),
    "coco": range(2641, 2721),
    "coco_panoptic": range(2641, 2774),
    "ade20k": range(2774, 2924),
    "vipseg": range(2924, 3048),
    "ytvis2019": range(3048, 3088),
    "entityseg_instance": range(3088, 3294),
    "entityseg_panoptic": range(3294, 3938),
}
"""Rows of each list in the published UniVS concept table of 3938 embeddings, in list order."""

STUFF_SOURCES = ("coco_panoptic", "vipseg", "ade20k", "cityscapes")
"""Lists that say whether a caller's own name is a thing or stuff; the first that knows it wins."""


@dataclass(frozen=True)
class Vocabulary:
    """K categories. Class index k everywhere means position k of this list.

    Attributes:
        names: K distinct names, as results carry them.
        is_thing: K flags, False for amorphous regions such as sky or road.
        texts: K strings for the text encoder, the names where none are given.
        title: name of the list, empty for a caller's own.

    Raises:
        VocabularyError: no names, a blank or repeated name, or lengths that differ.
    """

    names: tuple[str, ...]
    is_thing: tuple[bool, ...]
    texts: tuple[str, ...] = ()
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.texts:
            object.__setattr__(self, "texts", self.names)
        if not self.names:
            raise VocabularyError("A vocabulary needs at least one category name; none was given.")
        for name in (*self.names, *self.texts):
            if not is_text(name):
                raise VocabularyError(
                    f"The category name {name!r} holds bytes that are no text; write it in UTF-8."
                )
        if any(not name.strip() for name in self.names):
            raise VocabularyError(f"A category name is blank in {', '.join(self.names)!r}.")
        if len(set(self.names)) < len(self.names):
            repeated = {name for name in self.names if self.names.count(name) > 1}
            raise VocabularyError(
                f"Category names must differ; given more than once: {', '.join(sorted(repeated))}."
            )
        if not len(self.names) == len(self.is_thing) == len(self.texts):
            raise VocabularyError(
                f"{len(self.names)} category names, {len(self.is_thing)} thing flags and "
                f"{len(self.texts)} texts were given; the three must be equally many."
            )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @property
    def things(self) -> tuple[int, ...]:
        """Class indices of things, ascending."""
        return tuple(k for k, thing in enumerate(self.is_thing) if thing)

    @property
    def stuff(self) -> tuple[int, ...]:
        """Class indices of stuff, ascending."""
        return tuple(k for k, thing in enumerate(self.is_thing) if not thing)

    def index(self, name: str) -> int:
        """Class index of ``name``; VocabularyError, naming the nearest, where it is not here."""
        if name in self.names:
            return self.names.index(name)
        raise VocabularyError(_unknown("category", name, self.names, self.title or "the list"))


def vocabulary_names() -> tuple[str, ...]:
    """All names that ``get_vocabulary`` knows, aliases included, in alphabetical order."""
    data = files(__package__) / "vocabulary_data"
    stems = [f.name.removesuffix(".json") for f in data.iterdir() if f.name.endswith(".json")]
    return tuple(sorted([*stems, *ALIASES]))


def get_vocabulary(name: str) -> Vocabulary:
    """The published list ``name``, for example "coco_panoptic" or "vipseg".

    Raises:
        VocabularyError: unknown name; the message names the nearest and lists all.
    """
    known = vocabulary_names()
    lowered = name.strip().lower().replace("-", "_")
    if lowered not in known:
        raise VocabularyError(
            _unknown("vocabulary", name, known) + f" All vocabularies: {', '.join(known)}."
        )
    return _read(ALIASES.get(lowered, lowered))


@cache
def _read(stem: str) -> Vocabulary:
    file = files(__package__) / "vocabulary_data" / f"{stem}.json"
    categories = json.loads(file.read_text(encoding="utf-8"))["categories"]
    return Vocabulary(
        names=tuple(c["name"] for c in categories),
        is_thing=tuple(c["thing"] for c in categories),
        texts=tuple(c.get("text", c["name"]) for c in categories),
        title=stem,
    )


def asked_classes(
    names: Vocabulary | Sequence[str] | str | None, vocabulary: str | None
) -> Vocabulary | None:
    """The classes that ``names`` or the list called ``vocabulary`` say; None for neither.

    Raises VocabularyError where both are given, or one says nothing usable.
    """
    if names is not None and vocabulary is not None:
        raise VocabularyError("Give either categories or a vocabulary, not both.")
    if isinstance(names, Vocabulary):
        return names
    if names is not None:
        return from_names(names)
    return None if vocabulary is None else get_vocabulary(vocabulary)


def from_names(names: str | Sequence[str]) -> Vocabulary:
    """A vocabulary of a caller's own names.

    Whether a name is a thing or stuff is looked up in the published panoptic lists; a name that
    none of them knows is a thing.

    Args:
        names: names, or one string with commas between them: "dog, person, sky".

    Raises:
        VocabularyError: no name, a blank one, or one given twice (case does not matter).
    """
    parts = names.split(",") if isinstance(names, str) else list(names)
    stripped = tuple(part.strip() for part in parts)
    if not any(stripped):
        raise VocabularyError('No category names were given; write them as in "dog,person,sky".')
    keys = [comparable(name) for name in stripped]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise VocabularyError(f"Category {stripped[position]!r} was given more than once.")
    return Vocabulary(stripped, tuple(is_thing_name(name) for name in stripped))


def is_thing_name(name: str) -> bool:
    """Whether the published panoptic lists call ``name`` a thing; True where none knows it."""
    return _known_kinds().get(comparable(name), True)


@cache
def _known_kinds() -> dict[str, bool]:
    kinds: dict[str, bool] = {}
    for source in STUFF_SOURCES:
        vocabulary = _read(source)
        for entry, text, thing in zip(
            vocabulary.names, vocabulary.texts, vocabulary.is_thing, strict=True
        ):
            synonyms = re.split(r",|_or_", text)
            for synonym in (entry, *synonyms):
                kinds.setdefault(comparable(synonym), thing)
    return kinds


def _unknown(kind: str, name: str, known: Sequence[str], where: str = "") -> str:
    """A sentence that says that ``name`` is unknown and what may have been meant."""
    hint = nearest_hint(name, known, " Did you mean {!r}?")
    return f"Unknown {kind} {name!r}{f' in {where}' if where else ''}.{hint}"
