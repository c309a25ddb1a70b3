"""YouTube-VOS 2018 and 2019.

    <split>/                                  train, valid, test; or such a folder itself
      JPEGImages/<video>/<frame>.jpg          every fifth frame
      Annotations/<video>/<frame>.png         palette, value = object
      meta.json                               videos.<video>.objects.<number> = {category, frames}
      seen_categories.json                    names of the classes of train; else train/meta.json
                                              beside the folder tells them

Objects may enter late. Videos for validation and test have a map only of frames in which objects
enter, and in it only those; the other frames are not labelled.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..reading import read_any_json
from .object_meta import read_meta

SPLITS = ("train", "valid", "test")


def meta_file(part: Path) -> Path:
    """The list of the videos of a split."""
    return part / "meta.json"


def seen_categories(part: Path) -> frozenset[str]:
    """Classes of the training set. Raises DataError where nothing tells them."""
    path = part / "seen_categories.json"
    if path.is_file():
        names = read_any_json(path)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(f"{path} is no list of names.")
        return frozenset(names)
    training = meta_file(part.parent / "train")
    if not training.is_file():
        raise DataError(
            f"Nothing tells the seen categories: write the list of their names to {path}, or put "
            f"the training set's {training} in its place."
        )
    objects = [one for video in read_meta(training).values() for one in video.objects.values()]
    if not all(one.category for one in objects):
        raise DataError(f"{training} lacks the category of an object.")
    return frozenset(one.category for one in objects if one.category)
