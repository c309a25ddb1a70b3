"""Spellings of the benchmarks whose labels are rows of JSON files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from ...datasets.image_layouts import write_image_layout
from ...datasets.layouts import write_layout
from .agreement import Frames, Spelling


def _videos(name: str, split: str | None, file: str, pictures: str) -> Callable[[Path], Frames]:
    """Writes videos and moves the annotations and pictures where a release keeps them."""

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        old = next(path for path in folder.rglob("*.json"))
        content = old.read_text()
        old.unlink()
        shown = folder / "train"
        if (shown / "JPEGImages").is_dir():
            shown = shown / "JPEGImages"
        shown.rename(folder / "moved")
        target = folder / pictures
        target.parent.mkdir(parents=True, exist_ok=True)
        if pictures == ".":
            for video in (folder / "moved").iterdir():
                video.rename(folder / video.name)
            (folder / "moved").rmdir()
        else:
            if target.is_dir():
                target.rmdir()
            (folder / "moved").rename(target)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content)
        return {video: found.frames for video, found in known.items()}

    return write


def _predict_tracks(folder: Path, predicted: Path) -> None:
    file = next(path for path in sorted(folder.rglob("*.json")))
    rows = [
        {**{key: row[key] for key in ("video_id", "category_id", "segmentations")}, "score": 0.5}
        for row in json.loads(file.read_text())["annotations"]
    ]
    predicted.mkdir()
    (predicted / "results.json").write_text(json.dumps(rows))


_PLACES = (
    ("train", "train.json", "train/JPEGImages"),
    ("train", "train/instances.json", "train/JPEGImages"),
    ("valid", "valid.json", "valid/JPEGImages"),
    ("valid", "valid/instances.json", "valid"),
    ("valid", "annotations/valid.json", "valid"),
    ("valid", "annotations_valid.json", "valid"),
    ("valid", "annotations/instances_val.json", "val/JPEGImages"),
    ("valid", "instances_val.json", "JPEGImages/val"),
    ("valid", "val.json", "val"),
    ("test", "annotations_test.json", "test"),
    (None, "valid.json", "valid"),
    (None, "instances.json", "JPEGImages"),
    (None, "instances.json", "."),
)


def _video_spellings() -> list[Spelling]:
    return [
        Spelling(
            name=f"{name}, {file}, {pictures}, {split}",
            dataset=name,
            split=split,
            objects=4,
            write=_videos(name, split, file, pictures),
            benchmark=name,
            protocol="all" if name == "ytvis2022" else None,
            predict=_predict_tracks,
            truth=file,
        )
        for number, (split, file, pictures) in enumerate(_PLACES)
        for name in (("ytvis2019", "ytvis2021", "ytvis2022", "ovis")[number % 4],)
    ]


def _stills(name: str, old: str, new: str, part: str) -> Callable[[Path], Frames]:
    """Writes stills, moves a file or folder, and returns those of the split.

    Args:
        old, new: what is moved where, below the folder.
        part: expression that the places of the split's pictures match.
    """

    def write(folder: Path) -> Frames:
        root = write_image_layout(name, folder)
        places = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.jpg"))]
        known = [place.removesuffix(".jpg") for place in places if re.search(part, place)]
        if old:
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            (root / old).rename(root / new)
        stems = [place.rpartition("/")[2] for place in known]
        names = known if name == "sa1b" else stems  # SA-1B numbers stills in folders
        return {place: (stem,) for place, stem in zip(names, stems, strict=True)}

    return write


_COCO = "annotations/instances_val2017.json"
_LVIS = "annotations/lvis_v1_val.json"
_ENTITIES = "annotations/entityseg_val.json"
_STILLS: tuple[tuple[str, str | None, str, str, str], ...] = (
    ("coco_instances", "val", "", "", "val2017"),
    ("coco_instances", "val", _COCO, "instances_val2017.json", "val2017"),
    ("coco_instances", "val", "val2017", "images/val2017", "val2017"),
    ("lvis", "val", "", "", "00000031"),
    ("lvis", "val", _LVIS, "lvis_v1_val.json", "00000031"),
    ("lvis", "val", _LVIS, "lvis/lvis_v1_val.json", "00000031"),
    ("entityseg", "val", "", "", "/3.jpg"),
    ("entityseg", "train", "", "", "/[12].jpg"),
    ("entityseg", "val", _ENTITIES, "entityseg_val_annotations.json", "/3.jpg"),
    ("sa1b", None, "", "", ""),
)


def _still_spellings() -> list[Spelling]:
    return [
        Spelling(
            name=f"{name}, {new or 'as released'}, {split}",
            dataset=name,
            split=split,
            write=_stills(name, old, new, part),
        )
        for name, split, old, new, part in _STILLS
    ]


JSON = (*_video_spellings(), *_still_spellings())
