"""One training clip of one dataset, drawn from a random number generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ..augment.augmentation import Augmentation, Drawn, draw_frames
from ..clips.expressions import compose_expressions, mirror_text
from ..clips.readers import ClipReader
from ..clips.sampling import ClipTiming
from ..clips.schema import Expression, Region
from .packing import DrawnClip

_SENTENCE_SIDE = 256  # place and size of objects are measured on maps of about this many pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipSource:
    """A dataset of a mixture and what clips of it are like.

    Attributes:
        name: in the recipe; clips carry it.
        reader: gives the frames.
        weight: relative probability that a batch is drawn from it.
        chances: [V] ascending sums of the relative probabilities of the videos.
        timing: which frames make a clip.
        still, clip: augmentation of single frames and of clips of several.
        donor: dataset that objects are pasted from; None for none.
        composed: tell objects apart by sentences made from class, size and place; right only where
            all objects of a class are labelled.
        most_objects: regions of a clip at most, the first ones; None for all.
        smallest_area: regions below this many pixels in every frame are dropped.
    """

    name: str
    reader: ClipReader
    weight: float
    chances: npt.NDArray[np.float64]
    timing: ClipTiming
    still: Augmentation
    clip: Augmentation
    donor: ClipReader | None = None
    composed: bool = False
    most_objects: int | None = None
    smallest_area: int = 1

    def draw_video(self, rng: np.random.Generator) -> int:
        """A random video."""
        place = np.searchsorted(self.chances, rng.random() * self.chances[-1], side="right")
        return min(int(place), len(self.chances) - 1)


def draw_clip(
    source: ClipSource, video: int, frames: int, rng: np.random.Generator
) -> DrawnClip | None:
    """Draws a clip of T frames from a video; None if it shows no labelled region.

    Raises DataError for a file that cannot be read.
    """
    reader = source.reader
    chosen = source.timing.draw(int(reader.lengths[video]), int(reader.starts[video]), frames, rng)
    needed = sorted(set(chosen.indices))
    found = reader.read(video, needed, rng)
    drawn = draw_frames(
        found,
        [needed.index(index) for index in chosen.indices],
        chosen.moving,
        source.clip if frames > 1 else source.still,
        source.donor,
        reader.vocabulary,
        rng,
    )
    shown = _visible(drawn, source.smallest_area)
    rows = shown[: source.most_objects]
    if not len(rows):
        return None
    regions = [drawn.regions[row] for row in rows.tolist()]
    layers = np.array(drawn.layers, np.int64)[rows]
    numbers = (rows + 1).astype(np.uint8)
    return DrawnClip(
        images=np.ascontiguousarray(drawn.images.transpose(0, 3, 1, 2)),
        maps=drawn.maps,
        numbers=numbers,
        layers=layers,
        labels=np.array([region.label for region in regions], np.int64),
        ids=rows,
        is_thing=np.array([region.is_thing for region in regions], np.bool_),
        is_group=np.array([region.is_group for region in regions], np.bool_),
        times=np.array(chosen.times, np.int64),
        expressions=_expressions(
            source, drawn, rows.tolist(), regions, rng, len(rows) == len(shown)
        ),
        video=reader.video_name(video),
    )


def _visible(drawn: Drawn, smallest: int) -> npt.NDArray[np.int64]:
    """The regions with enough pixels in some frame."""
    areas = np.zeros(256, np.int64)
    for stack in drawn.maps.transpose(1, 0, 2, 3):
        # Every region has one layer, so that counting all layers at once mixes nothing up.
        counts = sum(np.array(Image.fromarray(ids).histogram()) for ids in stack)
        areas = np.maximum(areas, counts)
    areas = areas[1 : len(drawn.regions) + 1]
    return np.flatnonzero(areas >= max(smallest, 1))


def _expressions(
    source: ClipSource,
    drawn: Drawn,
    rows: list[int],
    regions: Sequence[Region],
    rng: np.random.Generator,
    complete: bool,
) -> tuple[Expression, ...]:
    """The captions of the regions, and composed sentences where no region was left out.

    Left and right are those of the augmented picture.
    """
    names = [
        source.reader.vocabulary[region.label] if region.label >= 0 else None for region in regions
    ]
    own = len(drawn.regions) - drawn.pasted
    pasted = {name for name, row in zip(names, rows, strict=True) if row >= own}
    expressions = [
        Expression(mirror_text(text) if drawn.flipped else text, place, composed=False)
        for place, region in enumerate(regions)
        if names[place] not in pasted  # else the sentence may fit a pasted object as well
        for text in region.captions
    ]
    if source.composed and complete:
        step = max(1, max(drawn.maps.shape[2:]) // _SENTENCE_SIDE)
        first = drawn.maps[:, 0, ::step, ::step]
        masks = np.stack([first[drawn.layers[row]] == row + 1 for row in rows])
        usable = [region.is_thing and not region.is_group for region in regions]
        expressions += compose_expressions(torch.from_numpy(masks), names, usable, rng)
    return tuple(expressions)
