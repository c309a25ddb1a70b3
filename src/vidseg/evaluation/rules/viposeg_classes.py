"""Which classes and videos of VIPOSeg are seen in training, things or stuff.

Source: the public evaluation code of VIPOSeg (Xu et al., IJCAI 2023); classes are numbered as in
VIPSeg, 0..123.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.reading import read_json
from ...metrics.viposeg import GROUPS
from ...vocabularies import get_vocabulary

_OTHER_MACHINE = 98
"""A class of stuff that is seen in some videos and unseen in others."""

# fmt: off
_UNSEEN = frozenset({
    5, 6, 9, 17, 20, 25, 26, 34, 38, 46, 47, 55, 57, 58, 61, 64, 71, 72, 81, 86, 94, 95, 96,
    97, 99, 100, 101, 102, 109, 112, 113, 116, 118, 120,
})
_UNSEEN_MACHINE_VIDEOS = frozenset({
    "187_WUZUSD4477I", "319_l1Dz12fxQzQ", "320_nhKXemkIvh4", "517_AWvYuplla_s",
    "532_QmZyJuLlEec", "774_devdFjIpDcc", "1016_HG0AsTOxI5g", "1017_IAU0WGB9VPw",
    "1020_TgCIv6bp3XM", "1021_cPOxAMo28yk", "1022_emSaDd2ddj0", "1033_sh81AwYuihg",
    "1065_d2sHRyAHKqI", "1067_fk3jhxBi1pA", "1068_gxnZkf0LQfk", "1069_jFHRbZxswz8",
    "1070_uTJB31tuYes", "1072_zvNEdUk5k0Q", "1230_AGY-gQ_3O8Y", "1333__iprMPKLdOQ",
    "1334_qlmfvYA3_rk", "2004_1btxeVbyojs", "2005_83KrhWajwfw",
})
# fmt: on
_SPLIT_FILE = "class_split.json"


@dataclass(frozen=True)
class ClassSplit:
    """The groups of classes.

    Attributes:
        classes: group → class numbers.
        unseen_videos: videos in which class 98 counts as unseen.
    """

    classes: Mapping[str, frozenset[int]]
    unseen_videos: frozenset[str]

    def group(self, category: int, video: str) -> str | None:
        """The group of an object; None for a class in none of them."""
        if category == _OTHER_MACHINE:
            return "stuff_unseen" if video in self.unseen_videos else "stuff_seen"
        for group in ("thing_unseen", "stuff_unseen", "thing_seen", "stuff_seen"):
            if category in self.classes[group]:
                return group
        return None


def official_split() -> ClassSplit:
    """The groups of the public evaluation code."""
    things = get_vocabulary("viposeg").is_thing
    every = range(len(things))
    kinds = {"thing": {k for k in every if things[k]}, "stuff": {k for k in every if not things[k]}}
    classes = {f"{kind}_seen": frozenset(rows - _UNSEEN) for kind, rows in kinds.items()}
    classes |= {f"{kind}_unseen": frozenset(rows & _UNSEEN) for kind, rows in kinds.items()}
    return ClassSplit(classes, _UNSEEN_MACHINE_VIDEOS)


def read_split(truth: Path) -> ClassSplit:
    """The split of the folder's own ``class_split.json``, the official one where there is none.

    Raises DataError where the file is damaged.
    """
    path = truth / _SPLIT_FILE
    if not path.is_file():
        return official_split()
    content = read_json(path)
    lists: dict[str, list[Any]] = {}
    for key in (*GROUPS, "class_98_unseen_videos"):
        found = content.get(key)
        if not isinstance(found, list):
            raise DataError(f"{path} lacks the list {key!r}.")
        lists[key] = found
    videos = frozenset(str(name) for name in lists.pop("class_98_unseen_videos"))
    return ClassSplit({group: frozenset(rows) for group, rows in lists.items()}, videos)
