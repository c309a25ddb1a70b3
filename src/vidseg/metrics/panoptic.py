"""What the panoptic measures compare: a map of segment ids with the class of each id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .overlaps import LabelMap


@dataclass(frozen=True, eq=False)
class PanopticMap:
    """Segments of one frame.

    Attributes:
        ids: [H, W] segment ids, stable over the video, 0 = void.
        classes: id → class index; every id in the map must be here.
        crowds: ids of regions that may hold several objects (ground truth only).
        areas: id → pixels as the ground truth's own list states them, used in place of those
            counted in the map; None to count.
    """

    ids: LabelMap = field(repr=False)
    classes: Mapping[int, int]
    crowds: frozenset[int] = frozenset()
    areas: Mapping[int, int] | None = None
