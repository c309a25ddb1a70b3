"""Tiny scenes with known objects, and the writing of their pictures and label maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vidseg.labels import Sentence
from vidseg.video.colors import davis_palette

HEIGHT, WIDTH = 24, 32
FRAMES = 4

Mask = npt.NDArray[np.bool_]
Map = npt.NDArray[np.int32]


@dataclass
class KnownVideo:
    """What a reader must find.

    Attributes:
        frames: names.
        categories: track id → class number or None.
        crowds: track ids.
        masks: frame → track id → [24, 32] mask; frames that are not labelled are left out.
        void: frame → mask, frames without void left out.
        sentences: in order.
    """

    frames: tuple[str, ...]
    categories: dict[int, int | None] = field(default_factory=dict)
    crowds: set[int] = field(default_factory=set)
    masks: dict[str, dict[int, Mask]] = field(default_factory=dict)
    void: dict[str, Mask] = field(default_factory=dict)
    sentences: tuple[Sentence, ...] = ()

    def add(self, frame: str, ids: Map, void: Mask | None = None) -> None:
        """Notes the objects of a map of track ids."""
        shown = {int(id): ids == id for id in np.unique(ids) if id}
        self.masks[frame] = shown
        for id in shown:
            self.categories.setdefault(id, None)
        if void is not None and void.any():
            self.void[frame] = void


@dataclass(frozen=True)
class Scene:
    """Four maps of objects 1 and 2, 0 elsewhere; in the second scene object 2 enters late."""

    name: str
    frames: tuple[str, ...]
    maps: tuple[Map, ...]

    @property
    def pairs(self) -> zip[tuple[str, Map]]:
        """(frame, map)."""
        return zip(self.frames, self.maps, strict=True)


def make_scenes(names: tuple[str, str], frames: tuple[str, ...], seed: int) -> tuple[Scene, Scene]:
    """Two scenes with squares at places that the seed chooses; one object is a single pixel."""
    rng = np.random.default_rng(seed)
    scenes = []
    for number, name in enumerate(names):
        top, left = int(rng.integers(4, 8)), int(rng.integers(1, 4))
        maps = []
        for t in range(FRAMES):
            ids = np.zeros((HEIGHT, WIDTH), np.int32)
            ids[top : top + 9, left + t : left + t + 8] = 1
            if number == 0 or t >= 2:
                side = 1 if (number, t) == (0, 3) else 7
                ids[top + 4 : top + 4 + side, 19 : 19 + side] = 2
            maps.append(ids)
        scenes.append(Scene(name, frames, tuple(maps)))
    return scenes[0], scenes[1]


def background_row(ids: Map) -> Mask:
    """[24, 32] bool: the lowest row, which scenes leave free."""
    row = np.zeros(ids.shape, bool)
    row[-1] = True
    return row


def save_picture(path: Path, ids: Map) -> None:
    """A picture with the objects in colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.array([[110, 120, 130], [230, 30, 30], [30, 30, 230]], np.uint8)
    Image.fromarray(colours[ids]).save(path)


def save_palette(path: Path, values: npt.NDArray[Any]) -> None:
    """An 8-bit PNG with DAVIS's palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8))
    image.putpalette(davis_palette().tobytes())
    image.save(path)


def save_grey(path: Path, values: npt.NDArray[Any]) -> None:
    """An 8-bit grey PNG, 16-bit where a value is above 255."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8 if values.max() < 256 else np.uint16)).save(path)


def save_rgb(path: Path, low: Map, middle: Map, high: Map) -> None:
    """An RGB PNG of three numbers a pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.stack([low, middle, high], axis=-1).astype(np.uint8)).save(path)


def save_json(path: Path, content: Any) -> None:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def save_lines(path: Path, *lines: str) -> None:
    """A text file that ends with a newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def renumbered(ids: Map, numbers: Mapping[int, int]) -> Map:
    """The map with other numbers for its values."""
    result = np.zeros_like(ids)
    for old, new in numbers.items():
        result[ids == old] = new
    return result
