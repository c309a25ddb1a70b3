"""A checkpoint under our names, and what became of each name that it had."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

Rows = Iterable[tuple[str, str]]
"""Beginning of a published name -> beginning of ours; the rest of the name stays. "#" is a number.

The first row that fits is taken. "|0", "|1", "|2" after a name of ours says which part of a joined
tensor it is.
"""


@dataclass
class Translation:
    """Tensors under our names.

    Attributes:
        state: our name -> tensor.
        unused: published name -> why it has no place here.
        unknown: published names that nothing explains.
    """

    state: dict[str, Tensor] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


class Renaming:
    """Names of one origin.

    Args:
        rows: names with a place here.
        unused: beginnings of names without one -> why.
    """

    def __init__(self, rows: Rows, unused: Rows = ()) -> None:
        self._rows = tuple((_pattern(theirs), ours.replace("#", "{}")) for theirs, ours in rows)
        self._unused = tuple((_pattern(theirs), why) for theirs, why in unused)

    def ours(self, published: str) -> str | None:
        """Our name, None where there is none."""
        for pattern, ours in self._rows:
            found = pattern.match(published)
            if found:
                return _placed(ours, found.groups(), published[found.end() :])
        return None

    def why_unused(self, published: str) -> str | None:
        """Why a name has no place here, None where nothing explains it."""
        return next((why for pattern, why in self._unused if pattern.match(published)), None)

    def translate(
        self, tensors: Mapping[str, Tensor], change: Callable[[str, Tensor], Tensor] | None = None
    ) -> Translation:
        """All tensors under our names, parts joined; ``change`` gets the name of ours."""
        out = Translation()
        parts: dict[str, dict[int, tuple[str, Tensor]]] = {}
        for published, value in tensors.items():
            ours = self.ours(published)
            why = self.why_unused(published)
            if why is not None:
                out.unused[published] = why
            elif ours is None:
                out.unknown.append(published)
            elif "|" in ours:
                name, _, part = ours.partition("|")
                parts.setdefault(name, {})[int(part)] = (published, value)
            else:
                out.state[ours] = value if change is None else change(ours, value)
        for name, found in parts.items():
            _join(out, name, found)
        return out


def count_layers(names: Iterable[str], prefix: str) -> int:
    """How many numbers from 0 follow ``prefix``, up to the next dot, without a gap."""
    found = {name[len(prefix) :].split(".")[0] for name in names if name.startswith(prefix)}
    count = 0
    while str(count) in found:
        count += 1
    return count


def _join(out: Translation, name: str, parts: Mapping[int, tuple[str, Tensor]]) -> None:
    """Query, key and value, kept apart there and as one tensor here."""
    values = [parts[i][1] for i in sorted(parts)]
    if sorted(parts) == [0, 1, 2] and len({v.shape[1:] for v in values}) == 1 and values[0].ndim:
        out.state[name] = torch.cat(values)
        return
    for published, _ in parts.values():
        out.unused[published] = "its sisters of query, key and value are missing or differ"


def _pattern(published: str) -> re.Pattern[str]:
    return re.compile(re.escape(published).replace(r"\#", r"(\d+)"))


def _placed(ours: str, numbers: tuple[str, ...], rest: str) -> str:
    """Fills in the numbers; the part mark stays at the end."""
    name, mark, part = ours.format(*numbers).partition("|")
    return f"{name}{rest}{mark}{part}"
