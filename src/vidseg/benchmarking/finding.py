"""Which benchmarks lie below a folder, by the usual names of their own folders."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import DataError
from .rows import ROWS

_NAMES = {
    "ytvis2019": ("ytvis2019", "youtubevis2019"),
    "ytvis2021": ("ytvis2021", "youtubevis2021"),
    "ytvis2022": ("ytvis2022", "youtubevis2022"),
    "ovis": ("ovis",),
    "vspw": ("vspw", "vspw480p"),
    "vipseg": ("vipseg", "vipseg720p"),
    "kitti_step": ("kittistep",),
    "davis2016": ("davis2016",),
    "davis2017": ("davis2017", "davis"),
    "davis2017_unsup": ("davis2017unsup", "davis2017unsupervised"),
    "youtube_vos": ("youtubevos", "youtubevos2018", "youtubevos2019", "ytbvos", "ytvos"),
    "mose": ("mose", "mosev1"),
    "viposeg": ("viposeg",),
    "ref_davis": ("refdavis", "refdavis17"),
    "ref_youtube_vos": ("refyoutubevos", "refytvos"),
    "burst": ("burst",),
}
"""Benchmark → spellings of its folder in small letters and digits alone; "-dev" and the like are
not among them, so that a part of a release is not taken for the whole."""


def find_benchmarks(root: Path) -> dict[str, Path]:
    """Benchmark → folder, for the folders in ``root`` that are named like one.

    Case and punctuation do not matter: ``YouTube-VIS_2021`` is ``ytvis2021``.

    Raises:
        DataError: there is no such folder, or none in it is named like a benchmark.
    """
    if not root.is_dir():
        raise DataError(f"There is no folder {root}; name one that holds the releases.")
    plain = {
        re.sub(r"[^a-z0-9]", "", place.name.lower()): place
        for place in sorted(root.iterdir(), reverse=True)
        if place.is_dir()
    }
    found = {
        benchmark: plain[name]
        for benchmark in ROWS
        for name in reversed(_NAMES[benchmark])
        if name in plain
    }
    if not found:
        raise DataError(
            f"{root} holds no folder that is named like a benchmark, such as davis2017 or VIPSeg; "
            "name the benchmark and its own folder."
        )
    return found
