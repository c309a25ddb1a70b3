"""Ways to spoil one file of a clean dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Plant = Callable[[Path], Path]
"""Spoils something in a dataset's folder; returns the file or folder to be named."""


def nth(folder: Path, pattern: str, place: int = 0) -> Path:
    """One of the files of a pattern, in order of names."""
    return sorted(folder.glob(pattern))[place]


def gone(pattern: str, place: int = 0) -> Plant:
    """Removes a file; its folder is named."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern, place)
        file.unlink()
        return file.parent

    return plant


def cut(pattern: str, share: float = 0.5) -> Plant:
    """Keeps the first part of a file."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])
        return file

    return plant


def emptied(pattern: str) -> Plant:
    """A file without a byte."""
    return cut(pattern, 0.0)


def added(pattern: str, name: str) -> Plant:
    """A copy of a file under another name beside it; the copy's folder is named."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        file.with_name(name).write_bytes(file.read_bytes())
        return file.parent

    return plant


def repainted(pattern: str, change: Callable[[np.ndarray[Any, Any]], Any], place: int = 0) -> Plant:
    """Changes the pixels of a PNG and keeps mode and palette."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern, place)
        with Image.open(file) as image:
            palette, values = image.getpalette(), np.array(image)
        changed = change(values)
        values = values if changed is None else changed
        new = Image.fromarray(values)
        if palette is not None:
            new.putpalette(palette)
        new.save(file)
        return file

    return plant


def converted(pattern: str, mode: str) -> Plant:
    """Another mode of PIL."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        with Image.open(file) as image:
            image.convert(mode).save(file)
        return file

    return plant


def recolored(pattern: str) -> Plant:
    """A palette of greys."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        with Image.open(file) as image:
            image.putpalette([value for value in range(256) for _ in range(3)])
            image.save(file)
        return file

    return plant


def grown(pattern: str, place: int = 0) -> Plant:
    """One column more."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern, place)
        with Image.open(file) as image:
            bigger = image.resize((image.width + 1, image.height), Image.Resampling.NEAREST)
        bigger.save(file)
        return file

    return plant


def edited(pattern: str, change: Callable[[Any], Any]) -> Plant:
    """Changes the content of a JSON file in place."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        content = json.loads(file.read_text(encoding="utf-8"))
        change(content)
        file.write_text(json.dumps(content), encoding="utf-8")
        return file

    return plant


def line(pattern: str, text: str) -> Plant:
    """One more line in a list."""

    def plant(folder: Path) -> Path:
        file = nth(folder, pattern)
        file.write_text(file.read_text(encoding="utf-8").rstrip("\n") + f"\n{text}\n")
        return file

    return plant


def moved(pattern: str, name: str) -> Plant:
    """Gives a folder or file another name; the old place is named."""

    def plant(folder: Path) -> Path:
        path = nth(folder, pattern)
        path.rename(path.with_name(name))
        return path

    return plant
