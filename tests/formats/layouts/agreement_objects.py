"""Spellings of the benchmarks of single objects."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ...datasets.layouts import write_layout
from ...datasets.scenes import save_lines, save_palette
from .agreement import Frames, Spelling

Respell = Callable[[Path], object]


def _rename(old: str, new: str) -> Respell:
    return lambda folder: (folder / old).rename(folder / new)


def _resolution(name: str) -> Respell:
    """Calls the folders of 480p otherwise, as the release of that size does."""

    def respell(folder: Path) -> None:
        for place in folder.glob("*/480p"):
            place.rename(place.with_name(name))

    return respell


def _lists(old: str, new: str) -> Respell:
    """Moves the lists, whose lines are those of DAVIS 2016 where the folder is of a resolution."""

    def respell(folder: Path) -> None:
        paths = "480p" in new
        for file in (folder / "ImageSets" / old).glob("*.txt"):
            lines = file.read_text(encoding="utf-8").split()
            if paths:
                lines = [f"/JPEGImages/480p/{v}/00000.jpg /Annotations/480p/{v}/00000.png"
                         for v in lines]  # fmt: skip
            (folder / new).mkdir(parents=True, exist_ok=True)
            save_lines(folder / new / file.name, *lines)
        shutil.rmtree(folder / "ImageSets" / old)

    return respell


def _davis(name: str, *respell: Respell) -> Callable[[Path], Frames]:
    """DAVIS with the video ``bear``, which shows both of its objects from the start, in val."""

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        root = folder / "DAVIS" if (folder / "DAVIS").is_dir() else folder
        year = "2016" if name == "davis2016" else "2017"
        save_lines(root / "ImageSets" / year / "val.txt", "bear")
        save_lines(root / "ImageSets" / year / "train.txt", "swan")
        for change in respell:
            change(root)
        return {"bear": known["bear"].frames}

    return write


def _predict_davis(folder: Path, predicted: Path) -> None:
    maps = sorted(folder.glob("**/Annotations*/*/bear/*.png"))
    for path in maps:
        ids = np.array(Image.open(path))
        binary = set(np.unique(ids).tolist()) == {0, 255}
        save_palette(predicted / "bear" / path.name, np.where(ids == 255, int(binary), ids))


def _davis_spelling(dataset: str, words: str, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"{dataset}, {words}",
        dataset=dataset,
        split="val",
        objects=1 if dataset == "davis2016" else 2,
        write=_davis(dataset, *respell),
        benchmark=dataset,
        predict=_predict_davis,
    )


OBJECTS = (
    _davis_spelling("davis2016", "480p"),
    _davis_spelling("davis2016", "lists of paths", _lists("2016", "ImageSets/480p")),
    _davis_spelling("davis2016", "1080p", _resolution("1080p")),
    _davis_spelling("davis2017", "480p"),
    _davis_spelling("davis2017", "full resolution", _resolution("Full-Resolution")),
    _davis_spelling("davis2017", "lists in the root", _lists("2017", ".")),
    _davis_spelling("davis2017_unsup", "480p"),
    _davis_spelling("davis2017_unsup", "lists of 2019", _lists("2017", "ImageSets/2019")),
)
