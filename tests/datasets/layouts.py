"""Tiny clean folders of every video benchmark, each in its own layout.

``write_layout(name, folder)`` writes two videos of four frames of 24 × 32 pixels and tells what a
reader must find. Where a layout keeps a folder for each split, one split is written; lists of
videos name the first video in train and the second in val.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vidseg.labels import Sentence
from vidseg.results import encode_rle
from vidseg.vocabularies import get_vocabulary

from .panoptic_layouts import kitti_step, viposeg, vipseg, vipseg_released, vspw, vspw_mapped
from .scenes import (
    HEIGHT,
    WIDTH,
    KnownVideo,
    Scene,
    background_row,
    make_scenes,
    save_grey,
    save_json,
    save_lines,
    save_palette,
    save_picture,
)

Known = dict[str, KnownVideo]
"""Video name → what a reader must find, in the order of the source."""

NUMBERED = tuple(f"{t:05d}" for t in range(4))
EVERY_FIFTH = tuple(f"{5 * t:05d}" for t in range(4))


def write_layout(name: str, folder: Path, seed: int = 0) -> Known:
    """Writes the layout of a dataset of the registry, or "vipseg_released", and what it holds."""
    return _WRITERS[name](folder, seed)


def layout_names() -> tuple[str, ...]:
    """The names that :func:`write_layout` knows."""
    return tuple(_WRITERS)


def _ytvis(vocabulary: str, file: str, pictures: str) -> Callable[[Path, int], Known]:
    def write(folder: Path, seed: int) -> Known:
        frames = EVERY_FIFTH
        if vocabulary == "ovis":
            frames = tuple(f"img_{t + 1:07d}" for t in range(4))
        scenes = make_scenes(("0a1b", "2c3d"), frames, seed)
        names = get_vocabulary(vocabulary).names
        shape = {"height": HEIGHT, "width": WIDTH, "length": 4}
        videos: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        known: Known = {}
        for number, scene in enumerate(scenes, start=1):
            files = [f"{scene.name}/{frame}.jpg" for frame in frames]
            videos.append({"id": number, "file_names": files, **shape})
            found = known[scene.name] = KnownVideo(frames)
            for frame in frames:
                found.masks[frame] = {}
            for id in (1, 2):
                track = len(annotations) + 1
                found.categories[track] = 3 * id
                if id == 2:
                    found.crowds.add(track)
                rows = []
                for frame, ids in scene.pairs:
                    save_picture(folder / pictures / scene.name / f"{frame}.jpg", ids)
                    rle = encode_rle(ids == id) if (ids == id).any() else None
                    rows.append(rle)
                    if rle is not None:
                        found.masks[frame][track] = ids == id
                areas = [int((ids == id).sum()) or None for ids in scene.maps]
                boxes = [None if area is None else [0, 0, WIDTH, HEIGHT] for area in areas]
                annotations.append({
                    "id": track, "video_id": number, "category_id": 3 * id, "iscrowd": id - 1,
                    "segmentations": rows, "areas": areas, "bboxes": boxes, **shape,
                })  # fmt: skip
        categories = [{"id": k, "name": name} for k, name in enumerate(names, start=1)]
        content = {"videos": videos, "categories": categories, "annotations": annotations}
        save_json(folder / file, content)
        return known

    return write


def _davis(year: int, annotations: str) -> Callable[[Path, int], Known]:
    def write(folder: Path, seed: int) -> Known:
        known = {}
        scenes = make_scenes(("bear", "swan"), NUMBERED, seed)
        for scene in scenes:
            found = known[scene.name] = KnownVideo(NUMBERED)
            for frame, ids in scene.pairs:
                _davis_frame(folder, scene.name, frame, ids, year, annotations, found)
        for split, scene in zip(("train", "val"), scenes, strict=True):
            save_lines(folder / "ImageSets" / str(year) / f"{split}.txt", scene.name)
        return known

    return write


def _davis_frame(
    folder: Path,
    video: str,
    frame: str,
    ids: np.ndarray,
    year: int,
    annotations: str,
    found: KnownVideo,
) -> None:
    save_picture(folder / "JPEGImages" / "480p" / video / f"{frame}.jpg", ids)
    path = folder / annotations / "480p" / video / f"{frame}.png"
    if year == 2016:
        save_grey(path, 255 * (ids > 0))
        found.add(frame, (ids > 0).astype(np.int32))
    elif annotations == "Annotations":
        save_palette(path, ids)
        found.add(frame, ids)
    else:
        void = background_row(ids)
        save_palette(path, np.where(void, 255, ids))
        found.add(frame, ids, void)


def _ref_davis(folder: Path, seed: int) -> Known:
    known = _davis(2017, "Annotations_unsupervised")(folder / "DAVIS", seed)
    texts = folder / "davis_text_annotations"
    files = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")
    for found in known.values():
        found.sentences = tuple(
            Sentence(str(4 * (id - 1) + a), f"object {id} as {file} says", (id,))
            for id in (1, 2)
            for a, file in enumerate(files)
        )
    for file in files:
        lines = [f'{v} {id} "object {id} as {file} says"' for v in known for id in (1, 2)]
        save_lines(texts / f"Davis17_{file}.txt", *lines)
    return known


def _objects(scene: Scene) -> dict[int, list[str]]:
    """Object → the frames that it is seen in."""
    return {id: [f for f, ids in scene.pairs if (ids == id).any()] for id in (1, 2)}


def _object_folder(folder: Path, scene: Scene) -> KnownVideo:
    found = KnownVideo(scene.frames)
    for frame, ids in scene.pairs:
        save_picture(folder / "JPEGImages" / scene.name / f"{frame}.jpg", ids)
        save_palette(folder / "Annotations" / scene.name / f"{frame}.png", ids)
        found.add(frame, ids)
    return found


def _youtube_vos(folder: Path, seed: int) -> Known:
    known, videos = {}, {}
    classes = {1: "penguin", 2: "ape"}
    for scene in make_scenes(("003234408d", "0043f083b5"), EVERY_FIFTH, seed):
        found = known[scene.name] = _object_folder(folder / "train", scene)
        found.categories = {1: 2, 2: 1}  # ape, penguin in alphabetical order
        objects = _objects(scene).items()
        listed = {str(id): {"category": classes[id], "frames": seen} for id, seen in objects}
        videos[scene.name] = {"objects": listed}
    save_json(folder / "train" / "meta.json", {"videos": videos})
    return known


def _mose(meta: str, *, sized: bool) -> Callable[[Path, int], Known]:
    def write(folder: Path, seed: int) -> Known:
        known, videos = {}, {}
        for scene in make_scenes(("00a1", "00b2"), NUMBERED, seed):
            known[scene.name] = _object_folder(folder / "train", scene)
            row = {"objects": ["1", "2"], "length": 4}
            videos[scene.name] = row | ({"height": HEIGHT, "width": WIDTH} if sized else {})
        save_json(folder / meta, {"videos": videos})
        return known

    return write


def _ref_youtube_vos(folder: Path, seed: int) -> Known:
    known, videos = {}, {}
    for scene in make_scenes(("003234408d", "0043f083b5"), EVERY_FIFTH, seed):
        found = known[scene.name] = _object_folder(folder / "train", scene)
        found.sentences = tuple(
            Sentence(str(k), f"the {word} square", (1 + k % 2,))
            for k, word in enumerate(("red", "blue", "left"))
        )
        expressions = {
            s.name: {"exp": s.text, "obj_id": str(s.track_ids[0])} for s in found.sentences
        }
        videos[scene.name] = {"expressions": expressions, "frames": list(EVERY_FIFTH)}
    path = folder / "meta_expressions" / "train" / "meta_expressions.json"
    save_json(path, {"videos": videos})
    return known


def _burst(folder: Path, seed: int) -> Known:
    known, sequences = {}, []
    frames = tuple(f"frame{30 * t + 1:04d}" for t in range(4))
    for number, scene in enumerate(make_scenes(("v_1", "v_2"), frames, seed)):
        found = known[f"HACS/{scene.name}"] = KnownVideo(frames)
        masks = []
        for frame, ids in scene.pairs:
            save_picture(folder / "frames" / "val" / "HACS" / scene.name / f"{frame}.jpg", ids)
            found.add(frame, ids)
            shown = found.masks[frame]
            masks.append({str(id): {"rle": encode_rle(shown[id])["counts"]} for id in shown})
        found.categories = {1: 805, 2: 41}
        paths = [f"{frame}.jpg" for frame in frames]
        sequences.append({
            "id": number, "seq_name": scene.name, "dataset": "HACS", "fps": 1,
            "width": WIDTH, "height": HEIGHT, "all_image_paths": paths,
            "annotated_image_paths": paths, "neg_category_ids": [], "segmentations": masks,
            "not_exhaustive_category_ids": [], "track_category_ids": {"1": 805, "2": 41},
        })  # fmt: skip
    categories = [{"id": 41, "name": "arctic"}, {"id": 805, "name": "person"}]
    content = {"sequences": sequences, "categories": categories, "split": "val"}
    save_json(folder / "annotations" / "val" / "all_classes.json", content)
    return known


_WRITERS: dict[str, Callable[[Path, int], Known]] = {
    "ytvis2019": _ytvis("ytvis2019", "train.json", "train/JPEGImages"),
    "ytvis2021": _ytvis("ytvis2021", "train/instances.json", "train/JPEGImages"),
    "ytvis2022": _ytvis("ytvis2021", "train/instances.json", "train/JPEGImages"),
    "ovis": _ytvis("ovis", "annotations_train.json", "train"),
    "vspw": vspw,
    "vspw_mapped": vspw_mapped,
    "vipseg": vipseg,
    "vipseg_released": vipseg_released,
    "viposeg": viposeg,
    "davis2016": _davis(2016, "Annotations"),
    "davis2017": _davis(2017, "Annotations"),
    "davis2017_unsup": _davis(2017, "Annotations_unsupervised"),
    "youtube_vos": _youtube_vos,
    "youtube_vos2018": _youtube_vos,
    "mose": _mose("meta_train.json", sized=False),
    "mosev2": _mose("train/meta.json", sized=True),
    "burst": _burst,
    "ref_davis": _ref_davis,
    "ref_youtube_vos": _ref_youtube_vos,
    "kitti_step": kitti_step,
}
