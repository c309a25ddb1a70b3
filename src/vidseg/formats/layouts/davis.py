"""DAVIS 2016 and 2017, semi-supervised and unsupervised.

    JPEGImages/<resolution>/<video>/<frame>.jpg
    Annotations/<resolution>/<video>/<frame>.png               2016: 0 and 255; 2017: objects
    Annotations_unsupervised/<resolution>/<video>/<frame>.png  2017: objects, 255 void
    ImageSets/2017/{train,val,test-dev,test-challenge}.txt     names of videos
    ImageSets/2019/{test-dev,test-challenge}.txt               those of the unsupervised task
    ImageSets/2016/{train,val}.txt, in DAVIS 2016 itself
    ImageSets/<resolution>/{train,val,trainval}.txt            paths of pictures and masks

The resolution is 480p, Full-Resolution (1080p in DAVIS 2016); 480p, on which results are measured,
where both are there. A list may also lie in the root as ``<split>.txt``. Test videos have a mask of
their first frame alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...pictures.listing import is_hidden

RESOLUTIONS = ("480p", "Full-Resolution", "1080p")
VOID = 255
"""Value of pixels that are not labelled; in the maps of 2016 that of the object."""


@dataclass(frozen=True)
class Edition:
    """A set of videos with the labels of one task.

    Attributes:
        maps: folder of the label maps.
        lists: folders that may hold lists of the splits: the first wins, the last is the usual
            one; the root comes after them.
        splits: names of the lists.
    """

    maps: str
    lists: tuple[str, ...]
    splits: tuple[str, ...]


SPLITS = ("train", "val", "trainval", "test-dev", "test-challenge")
_SPLITS_2017 = ("train", "val", "test-dev", "test-challenge")

DAVIS2016 = Edition(
    "Annotations",
    (*(f"ImageSets/{resolution}" for resolution in RESOLUTIONS), "ImageSets/2016"),
    ("train", "val", "trainval"),
)
DAVIS2017 = Edition("Annotations", ("ImageSets/2017",), _SPLITS_2017)
UNSUPERVISED = Edition(
    "Annotations_unsupervised", ("ImageSets/2019", "ImageSets/2017"), _SPLITS_2017
)

EDITIONS = {"davis2016": DAVIS2016, "davis2017": DAVIS2017, "davis2017_unsup": UNSUPERVISED}


def one_white_object(folder: Path) -> str:
    """What is wrong with a video in the manner of DAVIS 2016 among those of several objects."""
    return (
        f"The masks in {folder} hold 0 and 255 alone, as DAVIS 2016 and drawing programs have one "
        "object; here its value is 1, and 255 is not labelled. Set 255 to 1, or convert the folder "
        "with 'vidseg data convert --from davis --to davis'."
    )


def resolutions(root: Path, edition: Edition) -> tuple[str, ...]:
    """Those of the label maps that are there, the best first."""
    return tuple(name for name in RESOLUTIONS if (root / edition.maps / name).is_dir())


def map_folder(root: Path, edition: Edition, resolution: str) -> Path:
    """The folder of the label maps of all videos."""
    return root / edition.maps / resolution


def picture_folder(root: Path, resolution: str) -> Path:
    """The folder of the pictures of all videos."""
    return root / "JPEGImages" / resolution


def split_lists(root: Path, edition: Edition) -> dict[str, Path]:
    """Name → list of videos, for the lists that are there; validation first, else by name."""
    found = {
        file.stem: file
        for place in reversed(edition.lists)  # the first comes last and stays
        for file in (root / place).glob("*.txt")
        if not is_hidden(file.name)
    }
    for split in edition.splits:
        if (root / f"{split}.txt").is_file():
            found.setdefault(split, root / f"{split}.txt")
    return {name: found[name] for name in sorted(found, key=lambda name: (name != "val", name))}
