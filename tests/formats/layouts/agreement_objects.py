"""Spellings of the benchmarks of single objects."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ...datasets.layouts import write_layout
from ...datasets.scenes import save_json, save_lines, save_palette
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


def _parted(name: str, *respell: Respell) -> Callable[[Path], Frames]:
    """YouTube-VOS and MOSE, whose one split is train."""

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        for change in respell:
            change(folder)
        return {video: about.frames for video, about in known.items()}

    return write


def _seen(place: str) -> Respell:
    """Tells the evaluation the classes of train, as it wants to be told beside other splits."""
    return lambda folder: save_json(folder / place / "seen_categories.json", ["ape"])


def _unpack(folder: Path) -> None:
    """Makes the folder of the split the folder itself."""
    for path in (folder / "train").iterdir():
        path.rename(folder / path.name)
    (folder / "train").rmdir()


def _predict_parted(folder: Path, predicted: Path) -> None:
    (maps,) = (place for place in folder.glob("**/Annotations") if place.is_dir())
    shutil.copytree(maps, predicted, dirs_exist_ok=True)


def _parted_spelling(
    dataset: str, words: str, split: str | None, truth: str, *respell: Respell
) -> Spelling:
    youtube = dataset.startswith("youtube_vos")
    return Spelling(
        name=f"{dataset}, {words}",
        dataset=dataset,
        split=split,
        objects=4,
        write=_parted(dataset, *respell, *([_seen(truth)] if youtube else [])),
        benchmark="youtube_vos" if youtube else "mose",
        predict=_predict_parted,
        truth=truth,
        protocol="mosev2" if dataset == "mosev2" else None,
    )


PARTED = (
    _parted_spelling("youtube_vos", "valid", "valid", "valid", _rename("train", "valid")),
    _parted_spelling("youtube_vos2018", "a split alone", None, "", _unpack),
    _parted_spelling("mose", "meta_train.json", "train", "train"),
    _parted_spelling(
        "mosev2",
        "meta_valid.json in valid",
        "valid",
        "valid",
        _rename("train/meta.json", "train/meta_valid.json"),
        _rename("train", "valid"),
    ),
    _parted_spelling("mosev2", "meta.json", "train", "train"),
    _parted_spelling("mosev2", "a split alone", None, "", _unpack),
)

OBJECTS = (
    *PARTED,
    _davis_spelling("davis2016", "480p"),
    _davis_spelling("davis2016", "lists of paths", _lists("2016", "ImageSets/480p")),
    _davis_spelling("davis2016", "1080p", _resolution("1080p")),
    _davis_spelling("davis2017", "480p"),
    _davis_spelling("davis2017", "full resolution", _resolution("Full-Resolution")),
    _davis_spelling("davis2017", "lists in the root", _lists("2017", ".")),
    _davis_spelling("davis2017_unsup", "480p"),
    _davis_spelling("davis2017_unsup", "lists of 2019", _lists("2017", "ImageSets/2019")),
)
