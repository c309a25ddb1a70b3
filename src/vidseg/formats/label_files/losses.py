"""What is lost on the way to a format: named, counted, and refused unless it is allowed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Loss:
    """A kind of thing that a format may have no place for.

    Attributes:
        what: it, in the plural.
        unit: what is counted, in the singular.
        becomes: what happens to it when that is allowed.
    """

    what: str
    unit: str
    becomes: str


LOSSES = {
    "overlaps": Loss("masks that overlap", "frame", "the higher score, then the lower id wins"),
    "void": Loss("void pixels", "frame", "they become background"),
    "background": Loss("labelled pixels of no object", "frame", "they become void"),
    "ids": Loss("ids as high as these", "track", "they get the lowest free ids"),
    "classes": Loss("classes", "class", "objects lose theirs"),
    "stuff": Loss("stuff classes", "class", "they become things"),
    "crowd": Loss("crowd regions", "track", "they become objects"),
    "stuff_ids": Loss(
        "several regions of one stuff class or crowd", "class", "they become one region"
    ),
    "identity": Loss("videos and ids over their frames", "video", "frames become stills"),
    "empty_tracks": Loss("objects without a mask", "track", "they are left out"),
    "sentences": Loss("sentences", "sentence", "they are left out"),
    "scores": Loss("such scores", "track", "they are left out, or averaged over the track"),
    "unlabelled": Loss(
        "frames without labels", "frame", "they are left out, or become frames without objects"
    ),
    "holes": Loss("masks with holes", "mask", "rings are joined by lines of no width"),
    "parts": Loss("masks of several parts", "mask", "parts are joined by lines of no width"),
    "shapes": Loss("shapes that are no regions", "shape", "they are left out"),
    "class_changes": Loss("objects that change their class", "track", "the first class stays"),
}
"""Name on the command line → what it is. The last two are met while reading."""


@dataclass
class _Found:
    first: str
    count: int = 0


@dataclass
class LossLog:
    """Gathers losses and remarks of one conversion."""

    _found: dict[str, _Found] = field(default_factory=dict)
    _remarks: dict[str, _Found] = field(default_factory=dict)

    def add(self, loss: str, where: str, count: int = 1) -> None:
        """Counts a loss of the kind ``loss``; ``where`` is told of the first."""
        self._found.setdefault(loss, _Found(where)).count += count

    def note(self, sentence: str, where: str = "") -> None:
        """Keeps a remark that is no loss, once; ``where`` is told of the first."""
        self._remarks.setdefault(sentence, _Found(where)).count += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks."""
        told = []
        for sentence, found in self._remarks.items():
            times = f"{found.count} times, " if found.count > 1 else ""
            told.append(f"{sentence} ({times}first: {found.first})" if found.first else sentence)
        return tuple(told)

    def refusal(self, target: str, allowed: Collection[str]) -> str | None:
        """One sentence about everything lost and not allowed; None where there is nothing."""
        names = [name for name in self._found if name not in allowed]
        if not names:
            return None
        kinds = " or ".join(self._describe(name) for name in names)
        ends = "; ".join(dict.fromkeys(LOSSES[name].becomes for name in names))
        return f"{target} cannot hold {kinds}; with --allow {','.join(names)}: {ends}."

    def dropped(self) -> tuple[str, ...]:
        """One line for each kind of loss that was met."""
        return tuple(f"{self._describe(name)}: {LOSSES[name].becomes}" for name in self._found)

    def _describe(self, name: str) -> str:
        found, loss = self._found[name], LOSSES[name]
        plural = loss.unit + ("es" if loss.unit.endswith("s") else "s")
        unit = loss.unit if found.count == 1 else plural
        return f"{loss.what} ({found.count} {unit}, first: {found.first})"
