"""How much the official releases hold, as their publishers say.

Only numbers with a source are here; the absence of a number means that none was found, not that
anything goes. A count that differs is a warning: a user may hold a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .survey import Survey

# dataset → part → what → number; the part "*" is each part, "all" the sum of them
Counts = Mapping[str, Mapping[str, int]]

RELEASES: dict[str, Counts] = {
    # https://youtube-vos.org/dataset/vis
    "ytvis2019": {
        "train": {"videos": 2238},
        "valid": {"videos": 302},
        "test": {"videos": 343},
        "*": {"categories": 40},
    },
    "ytvis2021": {
        "train": {"videos": 2985},
        "valid": {"videos": 421},
        "test": {"videos": 453},
        "*": {"categories": 40},
    },
    # https://songbai.site/ovis
    "ovis": {"*": {"categories": 25}, "all": {"videos": 901}},
    # https://youtube-vos.org/dataset/vos
    "youtube_vos2018": {
        "train": {"videos": 3471, "objects": 5945},
        "valid": {"videos": 474, "objects": 894},
        "test": {"videos": 508, "objects": 915},
    },
    # https://youtube-vos.org/dataset/vos; objects and valid by the paper of Ref-YouTube-VOS, as
    # told at https://paperswithcode.com/dataset/refer-youtube-vos
    "youtube_vos": {"train": {"videos": 3471, "objects": 6459}, "valid": {"videos": 507}},
    "ref_youtube_vos": {"train": {"videos": 3471, "expressions": 12913}},
    # https://paperswithcode.com/dataset/referring-expressions-for-davis-2016-2017; the report of
    # DAVIS 2017 (arXiv 1704.00675) has the same numbers of videos, but frames of an earlier state
    "davis2016": {"train": {"videos": 30}, "val": {"videos": 20}},
    "davis2017": {
        "train": {"videos": 60},
        "val": {"videos": 30},
        "test-dev": {"videos": 30},
        "test-challenge": {"videos": 30},
    },
    "davis2017_unsup": {"train": {"videos": 60}, "val": {"videos": 30}},
    "ref_davis": {"train": {"videos": 60}, "valid": {"videos": 30}},
    # https://henghuiding.github.io/MOSE and, for the second version,
    # https://www.alphaxiv.org/benchmarks/shanghai-university-of-finance-and-economics/mosev2
    "mose": {"all": {"videos": 2149}},
    "mosev2": {
        "train": {"videos": 3666},
        "valid": {"videos": 433},
        "test": {"videos": 614},
    },
    # README of https://github.com/Ali2500/BURST-benchmark
    "burst": {"all": {"videos": 2914}},
    # g3doc/setup/kitti_step.md of https://github.com/google-research/deeplab2
    "kitti_step": {"train": {"videos": 12}, "val": {"videos": 9}, "test": {"videos": 29}},
    # abstract of the paper (doi 10.1109/CVPR46437.2021.00412)
    "vspw": {"all": {"videos": 3536, "frames": 251633}},
    # README of https://github.com/VIPSeg-Dataset/VIPSeg-Dataset: ids 0 (void) to 124
    "vipseg": {"*": {"categories": 124}},
    # https://paperswithcode.com/dataset/coco: 5K images in val; 80 categories
    "coco_instances": {"val": {"images": 5000}, "*": {"categories": 80}},
    # README of https://github.com/DeepCognition/sceneparsing
    "ade20k_panoptic": {
        "train": {"images": 20210},
        "val": {"images": 2000},
        "*": {"categories": 150},
    },
}

_PARTS_OF_ALL = {
    "ovis": ("train", "valid", "test"),
    "mose": ("train", "valid", "test"),
    "burst": ("train", "val", "test"),
    "vspw": ("train", "val", "test"),
}


def compare_counts(name: str, root: Path, survey: Survey) -> None:
    """A warning with both numbers for each count that differs from the release."""
    release = RELEASES.get(name, {})
    for part, counts in survey.counts.items():
        expected = {**release.get("*", {}), **release.get(part, {})}
        for what, number in expected.items():
            if what in counts:
                _compare(name, part, what, counts[what], number, root, survey)
    parts = _PARTS_OF_ALL.get(name, ())
    if parts and all(part in survey.counts for part in parts):
        for what, number in release.get("all", {}).items():
            found = sum(survey.counts[part].get(what, 0) for part in parts)
            _compare(name, "all parts", what, found, number, root, survey)


def _compare(
    name: str, part: str, what: str, found: int, number: int, root: Path, survey: Survey
) -> None:
    if found != number:
        survey.findings.warning(
            "counts",
            root,
            f"{root} has {found} {what} in {part or 'it'}, the release of {name} {number}; fine "
            "for a subset, else download what is missing.",
        )
