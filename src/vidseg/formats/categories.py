"""Numbers of classes, the same in every file of one video."""

from __future__ import annotations

from ..results import Segment, Track
from ..vocabularies import Vocabulary

_NAMELESS = "object"  # the class of everything that has none


class CategoryNumbers:
    """Classes of a vocabulary counted from 1, then others in order of appearance."""

    def __init__(self, classes: Vocabulary | None = None) -> None:
        self._numbers: dict[str, int] = {}
        self._is_thing: dict[str, bool] = {}
        if classes is not None:
            self.start_with(classes)

    def start_with(self, classes: Vocabulary) -> None:
        """Counts these classes first, in place of all others; before any has a number."""
        self._numbers = {name: position for position, name in enumerate(classes.names, start=1)}
        self._is_thing = dict(zip(classes.names, classes.is_thing, strict=True))

    def number(self, named: Segment | Track) -> int:
        """The number of its class; from now on the class has one."""
        name = category_name(named)
        self._is_thing.setdefault(name, named.is_thing)
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def rows(self) -> list[dict[str, int | str]]:
        """All classes so far as COCO lists them."""
        return [
            {"id": number, "name": name, "isthing": int(self._is_thing[name])}
            for name, number in self._numbers.items()
        ]


def category_name(named: Segment | Track) -> str:
    """Its class, or the common one of those without."""
    return named.category or _NAMELESS
