"""Tiny clean folders in the layout of each image dataset, drawn on the spot.

Every picture is 40 × 56 pixels with two rectangles on grey: object 1 (red) and object 2 (blue).
Where they lie depends on the seed and the number of the picture; they never touch.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vidseg.results import encode_rle

HEIGHT, WIDTH = 40, 56

Array = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1, far corner exclusive."""


def write_image_layout(name: str, folder: Path, seed: int = 0) -> Path:
    """Writes a clean dataset of two labelled pictures per split; returns the folder to open.

    ``name`` is one of :data:`IMAGE_LAYOUTS`. The splits train and val are written where the
    dataset has splits.
    """
    root = folder / "data" if name.startswith("refcoco") else folder
    root.mkdir(parents=True, exist_ok=True)
    return _WRITERS[name](root, np.random.default_rng(seed))


def boxes(rng: np.random.Generator) -> tuple[Box, Box]:
    """Object 1 in the left half, object 2 in the right one."""
    x, y = (int(value) for value in rng.integers(2, 8, 2))
    first = (x, y, x + 12, y + 14)
    x, y = (int(value) for value in rng.integers(2, 8, 2))
    return first, (30 + x, y + 10, 30 + x + 15, y + 28)


def paint(places: tuple[Box, Box]) -> tuple[Array, Array]:
    """(picture [H, W, 3], numbers of the objects [H, W], 0 elsewhere)."""
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(places, start=1):
        picture[y0:y1, x0:x1] = ((230, 20, 20), (20, 20, 230))[number - 1]
        ids[y0:y1, x0:x1] = number
    return picture, ids


def save(path: Path, array: Array) -> None:
    """Writes a picture or PNG and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def save_json(path: Path, content: Any) -> None:
    """Writes JSON and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def polygon(box: Box) -> list[list[float]]:
    """The outline of a box as COCO writes it; it fills exactly the pixels of the box."""
    x0, y0, x1, y1 = (float(value) for value in box)
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def counts(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Uncompressed run lengths, down the columns, background first."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], changes, [len(flat)]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *runs] if flat[0] else runs}


def annotation(id: int, image: int, category: int, box: Box, **more: Any) -> dict[str, Any]:
    """An entry of COCO's ``annotations`` with a polygon."""
    x0, y0, x1, y1 = box
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "segmentation": polygon(box),
        "area": float((x1 - x0) * (y1 - y0)),
        "bbox": [float(x0), float(y0), float(x1 - x0), float(y1 - y0)],
        "iscrowd": 0,
        **more,
    }


def _sizes(**more: Any) -> dict[str, Any]:
    return {"height": HEIGHT, "width": WIDTH, **more}


def _coco_instances(root: Path, rng: np.random.Generator) -> Path:
    """Object 2 of each second picture is a crowd in run lengths."""
    categories = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog", "supercategory": "animal"}]
    for split, first in (("train2017", 100), ("val2017", 200)):
        images, annotations = [], []
        for image in (first, first + 1):
            places = boxes(rng)
            picture, ids = paint(places)
            save(root / split / f"{image:012}.jpg", picture)
            images.append(_sizes(id=image, file_name=f"{image:012}.jpg"))
            annotations.append(annotation(2 * image, image, 18, places[0]))
            crowd = {"iscrowd": 1, "segmentation": counts(ids == 2)} if image % 2 else {}
            annotations.append(annotation(2 * image + 1, image, 1, places[1], **crowd))
        content = {"images": images, "annotations": annotations, "categories": categories}
        save_json(root / "annotations" / f"instances_{split}.json", content)
    return root


def _panoptic(
    root: Path,
    rng: np.random.Generator,
    *,
    stem: str,
    splits: dict[str, str],
    prefix: str = "",
    number: Callable[[str], Any] = int,
) -> Path:
    """Two things or a thing and stuff, and a stripe at the bottom that is not labelled."""
    categories = [
        {"id": 0, "name": "wall", "isthing": 0},
        {"id": 12, "name": "person", "isthing": 1},
        {"id": 20, "name": "car", "isthing": 1},
    ]
    for position, (split, pictures) in enumerate(splits.items(), start=1):
        images, annotations = [], []
        for image in range(2):
            name = f"{prefix.format(split)}{position * 100 + image:08}"
            picture, ids = paint(boxes(rng))
            save(root / pictures / f"{name}.jpg", picture)
            segments = {0: 70000, 1: 257, 2: 5}
            values = np.vectorize(segments.get)(ids).astype(np.int64)
            values[-3:] = 0
            colours = np.stack([values & 255, values >> 8 & 255, values >> 16], axis=-1)
            save(root / stem.format(split) / f"{name}.png", colours.astype(np.uint8))
            images.append(_sizes(id=number(name), file_name=f"{name}.jpg"))
            listed = [
                {"id": 257, "category_id": 12, "iscrowd": 0, "area": int((values == 257).sum())},
                {"id": 5, "category_id": 20, "iscrowd": image, "area": int((values == 5).sum())},
                {"id": 70000, "category_id": 0, "iscrowd": 0, "area": int((values > 300).sum())},
            ]
            annotations.append(
                {"image_id": number(name), "file_name": f"{name}.png", "segments_info": listed}
            )
        content = {"images": images, "annotations": annotations, "categories": categories}
        save_json(root / f"{stem.format(split)}.json", content)
    return root


def _coco_panoptic(root: Path, rng: np.random.Generator) -> Path:
    splits = {"train2017": "train2017", "val2017": "val2017"}
    return _panoptic(root, rng, stem="annotations/panoptic_{}", splits=splits)


def _ade20k(root: Path, rng: np.random.Generator) -> Path:
    splits = {"train": "images/training", "val": "images/validation"}
    stem = "ade20k_panoptic_{}"
    return _panoptic(root, rng, stem=stem, splits=splits, prefix="ADE_{}_", number=str)


def _lvis(root: Path, rng: np.random.Generator) -> Path:
    """The pictures of val lie in val2017 and train2017."""
    categories = [
        {"id": 3, "name": "air_conditioner", "frequency": "f", "synset": "air_conditioner.n.01"},
        {"id": 5, "name": "alligator", "frequency": "r", "synset": "alligator.n.02"},
        {"id": 9, "name": "antenna", "frequency": "c", "synset": "antenna.n.01"},
    ]
    for split, parts in (("train", ("train2017",) * 2), ("val", ("val2017", "train2017"))):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for part in parts:
            image = 300 + 10 * (split == "val") + len(images)
            places = boxes(rng)
            save(root / part / f"{image:012}.jpg", paint(places)[0])
            address = f"http://images.cocodataset.org/{part}/{image:012}.jpg"
            images.append(
                _sizes(
                    id=image,
                    coco_url=address,
                    neg_category_ids=[9],
                    not_exhaustive_category_ids=[5],
                )
            )
            for category, box in zip((3, 5), places, strict=True):
                number = len(annotations) + 1
                entry = annotation(number, image, category, box)
                del entry["iscrowd"]
                annotations.append(entry)
        content = {"images": images, "annotations": annotations, "categories": categories}
        save_json(root / "annotations" / f"lvis_v1_{split}.json", content)
    return root


def _sa1b(root: Path, rng: np.random.Generator) -> Path:
    """A whole, and a part of it that lies on it."""
    for image in (9, 10):
        picture, ids = paint(boxes(rng))
        masks = [ids > 0, ids == 2]
        save(root / "sa_000000" / f"sa_{image}.jpg", picture)
        annotations = [
            {
                "id": 500 + 10 * image + number,
                "segmentation": dict(encode_rle(mask)),
                "area": int(mask.sum()),
                "predicted_iou": 0.95,
                "stability_score": 0.98,
                "point_coords": [[1.0, 1.0]],
                "crop_box": [0.0, 0.0, float(WIDTH), float(HEIGHT)],
                "bbox": [0.0, 0.0, float(WIDTH), float(HEIGHT)],
            }
            for number, mask in enumerate(masks)
        ]
        image_record = _sizes(image_id=image, file_name=f"sa_{image}.jpg")
        content = {"image": image_record, "annotations": annotations}
        save_json(root / "sa_000000" / f"sa_{image}.json", content)
    return root


def _refcoco(root: Path, rng: np.random.Generator, *, name: str, author: str) -> Path:
    """One picture a split; two sentences on object 1, none on object 2."""
    images, annotations, refs = [], [], []
    for image, split in ((7, "train"), (8, "val")):
        places = boxes(rng)
        stem = f"COCO_train2014_{image:012}"
        pictures = root / "images" / "mscoco" / "images" / "train2014"
        save(pictures / f"{stem}.jpg", paint(places)[0])
        images.append(_sizes(id=image, file_name=f"{stem}.jpg"))
        annotations += [
            annotation(10 * image + number, image, 1 + number, box)
            for number, box in enumerate(places)
        ]
        sentences = [
            {"sent_id": 2 * image + k, "sent": text, "raw": text, "tokens": text.split()}
            for k, text in enumerate(("the red one", "left"))
        ]
        refs.append(
            {
                "ref_id": image,
                "ann_id": 10 * image,
                "image_id": image,
                "category_id": 1,
                "split": split,
                "file_name": f"{stem}_{10 * image}.jpg",
                "sent_ids": [2 * image, 2 * image + 1],
                "sentences": sentences,
            }
        )
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "bicycle"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    save_json(root / name / "instances.json", content)
    (root / name / f"refs({author}).p").write_bytes(pickle.dumps(refs, protocol=2))
    return root / name


def _entityseg(root: Path, rng: np.random.Generator) -> Path:
    """train in two parts that number their images alike; pictures in the archives' folders."""
    categories = [
        {"id": 1, "name": "man", "type": "thing", "supercategory": "person"},
        {"id": 3, "name": "sky", "type": "stuff", "supercategory": "inanimate"},
    ]
    for part, file in enumerate(("train_01", "train_02", "val"), start=1):
        places = boxes(rng)
        picture, ids = paint(places)
        archive = ("entity_01_11580", "entity_02_11598", "entity_03_10049")[part - 1]
        save(root / "images" / archive / f"{part}.jpg", picture)
        annotations = [
            annotation(number, 1, category, box, segmentation=dict(encode_rle(ids == number)))
            for number, category, box in ((1, 1, places[0]), (2, 3, places[1]))
        ]
        images = [_sizes(id=1, file_name=f"{part}.jpg")]
        content = {"images": images, "annotations": annotations, "categories": categories}
        save_json(root / "annotations" / f"entityseg_{file}.json", content)
    return root


_WRITERS: dict[str, Callable[[Path, np.random.Generator], Path]] = {
    "coco_instances": _coco_instances,
    "coco_panoptic": _coco_panoptic,
    "ade20k_panoptic": _ade20k,
    "lvis": _lvis,
    "sa1b": _sa1b,
    "refcoco": lambda root, rng: _refcoco(root, rng, name="refcoco", author="unc"),
    "refcoco+": lambda root, rng: _refcoco(root, rng, name="refcoco+", author="unc"),
    "refcocog": lambda root, rng: _refcoco(root, rng, name="refcocog", author="umd"),
    "entityseg": _entityseg,
}

IMAGE_LAYOUTS = tuple(_WRITERS)
