"""What a format can hold comes back from it unchanged, whatever the masks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from PIL import Image

from vidseg.formats.label_files import LABEL_FORMATS, ReadOptions, convert

from .made import CLASSES, THINGS, contents, sent_through, sources

CAN: dict[str, dict[str, Any]] = {
    "ytvis": {
        "categories": CLASSES,
        "overlaps": True,
        "crowd": True,
        "empty_tracks": True,
        "scores": "track",
    },
    "coco": {"categories": CLASSES, "overlaps": True, "crowd": True, "scores": "mask"},
    "davis": {"classes": False, "highest": 254, "void": True},
    "coco_panoptic": {
        "categories": CLASSES,
        "highest": 2**24 - 1,
        "void": True,
        "covered": True,
        "crowd": True,
        "scores": "mask",
        "unlabelled": True,
    },
    "kitti_step": {"highest": 65535, "void": True, "covered": True},
    "cvat": {"overlaps": True},
    "label_studio": {"overlaps": True, "scores": "mask", "unlabelled": True},
    "labelme": {"overlaps": True, "void": True, "crowd": True},
}
CAN["vipseg"] = CAN["coco_panoptic"]
BY_NAME = {"cvat", "label_studio", "labelme"}
"""Formats that number classes by themselves."""
SHARED: dict[tuple[str, str], dict[str, Any]] = {  # what both formats of a pair hold
    ("ytvis", "coco"): {"categories": CLASSES, "overlaps": True, "crowd": True, "scores": "track"},
    ("ytvis", "cvat"): {"overlaps": True},
    ("ytvis", "labelme"): {"overlaps": True, "crowd": True},
    ("ytvis", "label_studio"): {"overlaps": True, "scores": "track"},
    ("coco", "label_studio"): {"overlaps": True, "scores": "mask"},
    ("davis", "davis"): CAN["davis"],
    ("coco_panoptic", "vipseg"): CAN["vipseg"],
    ("vipseg", "kitti_step"): {"highest": 65535, "void": True, "covered": True},
    ("labelme", "cvat"): {"overlaps": True},
}
quick = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def test_every_format_is_tested() -> None:
    assert {*CAN, "yolo"} == set(LABEL_FORMATS)


@pytest.mark.parametrize("name", CAN)
def test_what_a_format_holds_comes_back(name: str) -> None:
    @quick
    @given(sources(**CAN[name]))
    def check(source: Any) -> None:
        assume(name != "davis" or all(source.objects))  # void alone is an object there
        with tempfile.TemporaryDirectory() as folder:
            back = sent_through(source, name, Path(folder) / "out")
            numbers = name not in BY_NAME
            assert contents(back, numbers=numbers) == contents(source, numbers=numbers)

    check()


@pytest.mark.parametrize("pair", SHARED, ids="-".join)
def test_from_one_format_through_another_and_back(pair: tuple[str, str]) -> None:
    first, second = pair

    @quick
    @given(sources(**SHARED[pair]))
    def check(source: Any) -> None:
        assume("davis" not in pair or all(source.objects))
        with tempfile.TemporaryDirectory() as folder:
            there = sent_through(source, first, Path(folder) / "1")
            between = sent_through(there, second, Path(folder) / "2")
            back = sent_through(between, first, Path(folder) / "3")
            numbers = not {first, second} & BY_NAME
            assert contents(back, numbers=numbers) == contents(there, numbers=numbers)

    check()


@quick
@given(sources(categories=CLASSES, void=True, covered=True, crowd=True))
def test_stuff_and_crowds_of_kitti_step(source: Any) -> None:
    """They are one region a class there, numbered by it; from then on nothing changes."""
    with tempfile.TemporaryDirectory() as folder:
        there = sent_through(
            source, "kitti_step", Path(folder) / "1", allowed=("stuff_ids", "crowd", "ids")
        )
        between = sent_through(there, "coco_panoptic", Path(folder) / "2")
        back = sent_through(between, "kitti_step", Path(folder) / "3")
        assert contents(back) == contents(there)


@quick
@given(sources(overlaps=True))
def test_yolo_keeps_pixels_and_classes_of_stills(source: Any) -> None:
    """Holes and parts are joined by lines of no width, so that they come back as well."""
    with tempfile.TemporaryDirectory() as folder:
        for video in source.videos:
            for frame in video.frames:
                path = Path(folder) / "images" / video.name / f"{frame}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (video.size[1], video.size[0])).save(path)
        place = Path(folder) / "out"
        yolo = LABEL_FORMATS["yolo"]
        convert(source, yolo, place, allowed=("identity", "holes", "parts"))
        stills: Any = yolo.read(place, ReadOptions(pictures=Path(folder) / "images"))
        names = [category.name for category in stills.categories]
        position = 0
        for number, video in enumerate(source.videos):
            classes = {track.id: track.category_id for track in source.tracks(number)}
            for frame, name in enumerate(video.frames):
                assert stills.videos[position].name == f"{video.name}/{name}"
                old, new = source.labels(number, frame), stills.labels(position, 0)
                ids = sorted(old.masks)
                assert [old.masks[id] for id in ids] == [new.masks[id] for id in sorted(new.masks)]
                told = [names[track.category_id] for track in stills.tracks(position)]
                assert told == [THINGS[classes[id] - 1].name for id in ids]
                position += 1
