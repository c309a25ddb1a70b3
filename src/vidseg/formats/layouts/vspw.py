"""VSPW, raw and at 480p.

    data/<video>/origin/<frame>.jpg
    data/<video>/mask/<frame>.png          grey: 0 other, 1..124 classes, 255 void; not for test
    {train,val,test}.txt                   names of videos

Official scores are taken on mapped copies with classes 0..123 and 255 for void (and "other"). Both
number the classes of VIPSeg.
"""

from __future__ import annotations

from pathlib import Path

from .lists import read_videos
from .problems import STRICT, Problems

SPLITS = ("train", "val", "test")
CLASSES = 124
VOID = 255


def video_folder(root: Path) -> Path:
    """The folder of all videos."""
    return root / "data"


def pictures(root: Path, video: str) -> Path:
    """The folder of the pictures of a video."""
    return video_folder(root) / video / "origin"


def maps(root: Path, video: str) -> Path:
    """The folder of the label maps of a video."""
    return video_folder(root) / video / "mask"


def split_list(root: Path, split: str) -> Path:
    """The list of the videos of a split."""
    return root / f"{split}.txt"


def videos_of(root: Path, split: str, problems: Problems = STRICT) -> tuple[str, ...]:
    """The videos of a split; those without a folder are reported."""
    return read_videos(split_list(root, split), video_folder(root), problems=problems)
