"""Tiny folders of the benchmarks that label every pixel; see layouts.py.

Object 1 is a person, object 2 a second person or another thing, the rest is sky, the lowest row is
void.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidseg.vocabularies import get_vocabulary

from .scenes import (
    HEIGHT,
    WIDTH,
    KnownVideo,
    Map,
    Scene,
    background_row,
    make_scenes,
    renumbered,
    save_grey,
    save_json,
    save_lines,
    save_palette,
    save_picture,
    save_rgb,
)

FRAMES = tuple(f"{3 * t:08d}" for t in range(4))
VIDEOS = ("0_wHveSGjXyDY", "127_-hIVCYO4C90")  # of the official train and val of VIPSeg
VIPSEG = get_vocabulary("vipseg").names
PERSON, SKY = VIPSEG.index("person"), VIPSEG.index("sky")
REST = 3
"""Value of the background in the maps that :func:`_whole` returns."""


def _whole(ids: Map) -> Map:
    """The scene with the background as region 3 and the void row as 0."""
    whole = np.where(ids == 0, REST, ids).astype(np.int32)
    whole[background_row(ids)] = 0
    return whole


def _lists(folder: Path) -> None:
    for split, video in zip(("train", "val"), VIDEOS, strict=True):
        save_lines(folder / f"{split}.txt", video)


def vspw(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """Classes from 1; both objects are of one class; the void row is half "other"."""
    return _vspw(folder, seed, first=1)


def vspw_mapped(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """Classes from 0."""
    return _vspw(folder, seed, first=0)


def _vspw(folder: Path, seed: int, *, first: int) -> dict[str, KnownVideo]:
    known = {}
    for scene in make_scenes(VIDEOS, FRAMES, seed):
        found = known[scene.name] = KnownVideo(FRAMES)
        for frame, ids in scene.pairs:
            whole = _whole(ids)
            classes = {0: -1, 1: PERSON, 2: PERSON, REST: SKY}
            values = renumbered(whole, {k: c + first for k, c in classes.items()})
            values[whole == 0] = 255
            if first:
                values[-1, :16] = 0
            save_picture(folder / "data" / scene.name / "origin" / f"{frame}.jpg", ids)
            save_grey(folder / "data" / scene.name / "mask" / f"{frame}.png", values)
            tracks = renumbered(whole, {1: PERSON + 1, 2: PERSON + 1, REST: SKY + 1})
            found.add(frame, tracks, whole == 0)
        found.categories = {PERSON + 1: PERSON + first, SKY + 1: SKY + first}
        found.crowds = {PERSON + 1}
    _lists(folder)
    return known


_SEGMENTS = {1: 100 * (PERSON + 1), 2: 100 * (PERSON + 1) + 1, REST: SKY + 1}
"""Region → value in panomasks."""


def vipseg_released(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """``imgs``, ``panomasks`` and lists, as they are downloaded."""
    known = {}
    for scene in make_scenes(VIDEOS, FRAMES, seed):
        found = known[scene.name] = KnownVideo(FRAMES)
        for frame, ids in scene.pairs:
            whole = _whole(ids)
            values = renumbered(whole, _SEGMENTS)
            save_picture(folder / "imgs" / scene.name / f"{frame}.jpg", ids)
            save_grey(folder / "panomasks" / scene.name / f"{frame}.png", values)
            found.add(frame, values, whole == 0)
        found.categories = {
            _SEGMENTS[1]: PERSON, _SEGMENTS[2]: PERSON, _SEGMENTS[REST]: SKY,
        }  # fmt: skip
    _lists(folder)
    return known


def vipseg(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """The copy at 720p: also ``panomasksRGB`` and JSON files, of all and of each split."""
    known, videos, annotations = {}, [], []
    numbers = {1: 70000, 2: 300, REST: 7}
    for scene in make_scenes(VIDEOS, FRAMES, seed):
        found = known[scene.name] = KnownVideo(FRAMES)
        images, rows = [], []
        for frame, ids in scene.pairs:
            whole = _whole(ids)
            segments = renumbered(whole, numbers)
            found.add(frame, segments, whole == 0)
            images.append(
                {"id": frame, "width": WIDTH, "height": HEIGHT, "file_name": f"{frame}.png"}
            )
            rows.append(_vipseg_frame(folder, scene, frame, ids, segments))
        found.categories = {70000: PERSON, 300: PERSON, 7: SKY}
        videos.append({"video_id": scene.name, "images": images})
        annotations.append({"video_id": scene.name, "annotations": rows})
    things = get_vocabulary("vipseg").is_thing
    categories = [
        {"id": k, "name": name, "isthing": int(thing), "color": [k, k, k]}
        for k, (name, thing) in enumerate(zip(VIPSEG, things, strict=True))
    ]
    for stem, part in (("", slice(2)), ("_train", slice(1)), ("_val", slice(1, 2))):
        content = {"videos": videos[part], "annotations": annotations[part]}
        save_json(folder / f"panoptic_gt_VIPSeg{stem}.json", {**content, "categories": categories})
    _lists(folder)
    return known


def _vipseg_frame(
    folder: Path, scene: Scene, frame: str, ids: Map, segments: Map
) -> dict[str, object]:
    save_picture(folder / "images" / scene.name / f"{frame}.jpg", ids)
    values = renumbered(_whole(ids), _SEGMENTS)
    save_grey(folder / "panomasks" / scene.name / f"{frame}.png", values)
    path = folder / "panomasksRGB" / scene.name / f"{frame}.png"
    save_rgb(path, segments & 255, segments >> 8 & 255, segments >> 16)
    rows = [
        {
            "id": int(id),
            "category_id": SKY if id == 7 else PERSON,
            "iscrowd": 0,
            "area": int((segments == id).sum()),
        }
        for id in np.unique(segments)
        if id
    ]
    return {"image_id": frame, "file_name": f"{frame}.png", "segments_info": rows}


def viposeg(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """The split valid: every pixel is of object 1, 2 or the sky, object 3."""
    root = folder / "valid"
    known, videos = {}, {}
    for scene in make_scenes(VIDEOS, FRAMES, seed):
        found = known[scene.name] = KnownVideo(FRAMES)
        given: set[int] = set()
        for frame, ids in scene.pairs:
            whole = np.where(ids == 0, REST, ids).astype(np.int32)
            save_picture(root / "JPEGImages" / scene.name / f"{frame}.jpg", ids)
            save_palette(root / "Annotations_gt" / scene.name / f"{frame}.png", whole)
            new = {int(id) for id in np.unique(whole)} - given
            given |= new
            if new:
                entering = np.where(np.isin(whole, list(new)), whole, 0)
                save_palette(root / "Annotations" / scene.name / f"{frame}.png", entering)
            found.add(frame, whole)
        found.categories = {1: PERSON, 2: PERSON, REST: SKY}
        videos[scene.name] = {
            "objects": {
                str(id): {"frames": [frame for frame in FRAMES if id in found.masks[frame]]}
                for id in found.categories
            }
        }
    save_json(
        root / "obj_class.json",
        {video: {str(id): k for id, k in v.categories.items()} for video, v in known.items()},
    )
    save_json(root / "meta.json", {"videos": videos})
    return known


def kitti_step(folder: Path, seed: int) -> dict[str, KnownVideo]:
    """The split val: object 1 is person 5, object 2 a crowd of cars, the rest sky."""
    known = {}
    frames = tuple(f"{t:06d}" for t in range(4))
    person, car, sky = 11, 13, 10
    for scene in make_scenes(("0002", "0006"), frames, seed):
        found = known[scene.name] = KnownVideo(frames)
        for frame, ids in scene.pairs:
            whole = _whole(ids)
            classes = renumbered(whole, {0: 255, 1: person, 2: car, REST: sky})
            instances = renumbered(whole, {1: 261})
            path = folder / "panoptic_maps" / "val" / scene.name / f"{frame}.png"
            save_rgb(path, classes, instances >> 8, instances & 255)
            save_picture(folder / "images" / "val" / scene.name / f"{frame}.png", ids)
            tracks = {1: 65536 * 12 + 261, 2: 65536 * 14, REST: 65536 * 11}
            found.add(frame, renumbered(whole, tracks), whole == 0)
        found.categories = {65536 * 12 + 261: person, 65536 * 14: car, 65536 * 11: sky}
        found.crowds = {65536 * 14}
    return known
