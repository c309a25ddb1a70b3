"""J and F of MOSEv2, apart for objects that are gone and objects that came back.

Source: Ding et al., "MOSEv2: A More Challenging Dataset for Video Object Segmentation in Complex
Scenes", 2025; numbers equal those of the public scoring program before it rounds them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .contours import Contour, LabelMap8, Transitions, disk, shared_areas
from .jf import CONTOUR_TOLERANCE, agreement

AREA_TOLERANCE = 0.1
"""Share of the square root of the true area by which contours may lie apart."""


@dataclass
class ObjectFrames:
    """Values of one object, frame after frame.

    Attributes:
        region: J, (intersection + 1) / (union + 1).
        contour: F with the tolerance of DAVIS.
        strict: F with the smaller of that and the tolerance by area.
        absent: whether the truth lacks the object.
    """

    region: list[float] = field(default_factory=list)
    contour: list[float] = field(default_factory=list)
    strict: list[float] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)

    def gone(self) -> list[tuple[int, int]]:
        """Stretches of frames (start, end) without the object, after frames with it."""
        return [(start, end) for start, end in self._stretches(True) if start > 0]

    def back(self) -> list[tuple[int, int]]:
        """Stretches of frames (start, end) with the object, after frames without it.

        The first appearance of a late object is among them, as in the public code.
        """
        return [(start, end) for start, end in self._stretches(False) if start > 0]

    def _stretches(self, absent: bool) -> list[tuple[int, int]]:
        borders = [k for k in range(1, len(self.absent)) if self.absent[k] != self.absent[k - 1]]
        limits = [0, *borders, len(self.absent)]
        return [(start, end) for start, end in pairwise(limits) if self.absent[start] == absent]

    def over(self, stretches: Sequence[tuple[int, int]]) -> float:
        """Mean over the stretches of (J + strict F) / 2; NaN without any."""
        if not stretches:
            return math.nan
        j, f = (
            np.mean([np.mean(values[start:end]) for start, end in stretches])
            for values in (self.region, self.strict)
        )
        return float((j + f) / 2)


class MoseV2Meter:
    """Gathers label maps frame by frame. Which frames and objects count is the caller's rule."""

    def __init__(self) -> None:
        self.objects: dict[Hashable, ObjectFrames] = {}
        self.strays: set[tuple[str, int]] = set()
        """(video, label) of predicted labels that no object has, as the caller found them."""

    def update(
        self,
        labels: Mapping[Hashable, int],
        predicted: LabelMap8 | Transitions,
        truth: LabelMap8 | Transitions,
    ) -> None:
        """Adds one frame of several objects.

        Args:
            labels: key of the object among all videos → its label in both maps, 1..255.
            predicted, truth: [H, W], or what was made of them already.

        Raises ValueError where the sizes differ.
        """
        predicted_map, true_map = (
            map if isinstance(map, Transitions) else Transitions(map) for map in (predicted, truth)
        )
        wanted = list(labels.values())
        areas, true_areas, shared = shared_areas(predicted_map, true_map, wanted, wanted)
        for k, (key, label) in enumerate(labels.items()):
            both, area = int(shared[k, k]), int(true_areas[k])
            union = int(areas[k]) + area - both
            f, strict = _agreements(
                predicted_map.contour(label), true_map.contour(label), area, true_map.size
            )
            row = self.objects.setdefault(key, ObjectFrames())
            row.region.append((both + 1) / (union + 1))
            row.contour.append(f)
            row.strict.append(strict)
            row.absent.append(area == 0)

    def merge(self, other: MoseV2Meter) -> None:
        """Adds the objects of ``other``. Raises ValueError for one that both have."""
        for key, row in other.objects.items():
            if key in self.objects:
                raise ValueError(f"Both meters have the object {key}.")
            self.objects[key] = row
        self.strays |= other.strays

    def compute(self) -> dict[str, float]:
        """Means over objects by the names of the public program, 0..1; NaN where undefined.

        Raises ValueError if nothing was added.
        """
        if not self.objects:
            raise ValueError("No frame was added.")
        rows = list(self.objects.values())
        j, f, strict = (
            float(np.mean([np.mean(values) for values in lists]))
            for lists in (
                [row.region for row in rows],
                [row.contour for row in rows],
                [row.strict for row in rows],
            )
        )
        return {
            "J&F_new": (j + strict) / 2,
            "J": j,
            "F_new": strict,
            "disappear_J&F_new": _defined_mean([row.over(row.gone()) for row in rows]),
            "reappear_J&F_new": _defined_mean([row.over(row.back()) for row in rows]),
            "F": f,
            "J&F": (j + f) / 2,
        }


def _agreements(
    predicted: Contour, truth: Contour, area: int, size: tuple[int, int]
) -> tuple[float, float]:
    """F with the tolerance of DAVIS, and with the smaller of it and that by area.

    Where the tolerance by area is not the smaller one, the public program leaves both unrounded.
    """
    widest = CONTOUR_TOLERANCE * math.hypot(*size)
    by_area = math.ceil(AREA_TOLERANCE * math.sqrt(area)) if area else math.inf
    if by_area >= widest:
        f = agreement(predicted, truth, disk(widest))
        return f, f
    return (
        agreement(predicted, truth, disk(math.ceil(widest))),
        agreement(predicted, truth, disk(by_area)),
    )


def _defined_mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan
