"""What the user drew, sorted by object and frame, and what the model is given of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from ...errors import PromptError
from ...models.prompts.drawn_map import drawn_maps
from ...models.prompts.regions import VisualRegions
from ...prompts import Box, Mask, Point, Prompt, Text, VisualPrompt
from ...types import MaskArray
from ..clip import Clip
from ..frame_geometry import FrameGeometry


@dataclass(frozen=True, eq=False)
class Annotation:
    """All that was drawn for one object on one frame.

    A negative point says two things: the object is not there, and something else is. So it also
    makes a *background* object, whose id is the negative of the object's, which competes with
    it for pixels and is never reported.

    Attributes:
        object_id: negative for a background object.
        position: of the frame in the stream.
        prompts: what marks the object; empty if only negative points were given.
        corrections: what marks where it is not.
    """

    object_id: int
    position: int
    prompts: tuple[VisualPrompt, ...]
    corrections: tuple[Point, ...] = ()

    @property
    def mask(self) -> MaskArray | None:
        """[H, W] the mask that the user gave, if one was."""
        return next((p.mask for p in self.prompts if isinstance(p, Mask)), None)

    @property
    def redefines(self) -> bool:
        """Whether it says what the whole object is, and not only a part of it."""
        return any(isinstance(p, Mask | Box) for p in self.prompts)

    @property
    def category(self) -> str | None:
        """The class that the user named."""
        return next((p.category for p in self.prompts if p.category is not None), None)

    @property
    def is_thing(self) -> bool:
        """False if any prompt says that it is stuff."""
        return all(p.is_thing for p in self.prompts)

    def regions(self, geometry: FrameGeometry, like: Tensor) -> VisualRegions:
        """Where the object is marked, on the model's input."""
        return VisualRegions.from_prompts(
            self.prompts,
            [0] * len(self.prompts),
            1,
            source_size=geometry.source,
            valid_size=geometry.valid,
            size=geometry.padded,
            device=like.device,
        )

    def drawn(self, geometry: FrameGeometry, like: Tensor) -> Tensor:
        """[H/8, W/8] map of everything drawn, for the memory read-out."""
        marks = (*self.prompts, *self.corrections)
        return drawn_maps(
            marks,
            [0] * len(marks),
            1,
            source_size=geometry.source,
            valid_size=geometry.valid,
            size=geometry.padded,
            device=like.device,
        )[0]


def sort_annotations(
    prompts: Sequence[Prompt], clip: Clip, known: Collection[int]
) -> list[Annotation]:
    """One annotation per object and frame, objects in the order of their ids.

    Raises PromptError for a negative point of an object that nothing marks.
    """
    marks: dict[tuple[int, int], list[VisualPrompt]] = defaultdict(list)
    for prompt in prompts:
        assert not isinstance(prompt, Text), "the inbox lets no sentence through"
        position = clip.start + clip.indices.index(prompt.frame)
        marks[position, prompt.object_id].append(prompt)
    annotations = []
    marked = set(known)
    for (position, object_id), drawn in sorted(marks.items(), key=lambda item: item[0]):
        negative = tuple(p for p in drawn if isinstance(p, Point) and not p.positive)
        positive = tuple(p for p in drawn if p not in negative)
        if not positive and object_id not in marked:
            raise PromptError(
                f"Object {object_id}: on frame {negative[0].frame} there are only negative points; "
                f"mark the object itself first."
            )
        marked.add(object_id)
        annotations.append(Annotation(object_id, position, positive, negative))
        if negative:
            background = tuple(replace(p, positive=True) for p in negative)
            annotations.append(Annotation(-object_id, position, background))
    return annotations
