"""Tiny data sets drawn on the spot: a red and a blue square on grey, moving in videos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HEIGHT, WIDTH = 48, 64
RED, BLUE = (slice(8, 24), slice(6, 22)), (slice(20, 44), slice(34, 60))


def draw(shift: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(picture, id map with 1 = red square, 2 = blue square); red moves right by ``shift``."""
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    rows, columns = RED
    moved = slice(columns.start + shift, columns.stop + shift)
    for number, area, colour in ((1, (rows, moved), (230, 20, 20)), (2, BLUE, (20, 20, 230))):
        picture[area] = colour
        ids[area] = number
    return picture, ids


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(path)


@pytest.fixture
def panoptic_folder(tmp_path: Path) -> Path:
    """Two stills; in the second the blue square is a group."""
    return draw_panoptic(tmp_path)


def draw_panoptic(root: Path) -> Path:
    """Two stills; in the second the blue square is a group."""
    categories = [{"id": 7, "name": "dog", "isthing": 1}, {"id": 3, "name": "grass", "isthing": 0}]
    images, annotations = [], []
    for k in range(2):
        picture, ids = draw()
        save(root / "images" / f"{k}.png", picture)
        save(root / "panoptic" / f"{k}.png", np.where(ids == 1, 9, np.where(ids == 2, 4, 0)))
        images.append({"id": k, "file_name": f"{k}.png", "height": HEIGHT, "width": WIDTH})
        segments = [
            {"id": 9, "category_id": 7, "iscrowd": 0},
            {"id": 4, "category_id": 3, "iscrowd": k},
        ]
        annotations.append({"image_id": k, "file_name": f"{k}.png", "segments_info": segments})
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "panoptic_train.json").write_text(json.dumps(content))
    return root


@pytest.fixture
def instances_folder(tmp_path: Path) -> Path:
    """One still with a large polygon, a small one inside it, and an RLE crowd."""
    return draw_instances(tmp_path)


def draw_instances(root: Path) -> Path:
    """One still with a large polygon, a small one inside it, and an RLE crowd."""
    picture, _ = draw()
    save(root / "train" / "a.png", picture)
    crowd = np.zeros((HEIGHT, WIDTH), np.uint8)
    crowd[40:48, 0:10] = 1
    runs: list[int] = []
    value, length = 0, 0
    for pixel in crowd.T.ravel():
        if pixel != value:
            runs.append(length)
            value, length = pixel, 0
        length += 1
    runs.append(length)
    annotations = [
        _polygon(1, 2, 38, 24, 48, 34),
        _polygon(2, 1, 34, 20, 60, 44),
        {
            "id": 3, "image_id": 5, "category_id": 1, "iscrowd": 1, "area": 80,
            "segmentation": {"counts": runs, "size": [HEIGHT, WIDTH]},
        },
    ]  # fmt: skip
    content = {
        "images": [{"id": 5, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "ball"}],
    }
    (root / "instances_train.json").write_text(json.dumps(content))
    captions = [
        {"image_id": 5, "caption": "A ball to the left of people."},
        {"image_id": 5, "caption": "A man with a ball."},
    ]
    (root / "captions_train.json").write_text(json.dumps({"annotations": captions}))
    return root


def _polygon(number: int, category: int, x0: int, y0: int, x1: int, y1: int) -> dict[str, object]:
    return {
        "id": number, "image_id": 5, "category_id": category, "iscrowd": 0,
        "area": (x1 - x0) * (y1 - y0), "segmentation": [[x0, y0, x1, y0, x1, y1, x0, y1]],
    }  # fmt: skip


@pytest.fixture
def label_map_folder(tmp_path: Path) -> Path:
    """Two sequences, the first with a gap of 60 frame numbers: three videos of 2, 1, 3 frames."""
    return draw_label_maps(tmp_path)


def draw_label_maps(root: Path) -> Path:
    """Two sequences, the first with a gap of 60 frame numbers: three videos of 2, 1, 3 frames."""
    folder = root / "street" / "train"
    numbers = {"A": (0, 30, 90), "B": (1, 2, 3)}
    for prefix, frames in numbers.items():
        for shift, number in enumerate(frames):
            picture, ids = draw(shift)
            save(folder / "images" / f"{prefix}_f{number:04d}.jpg", picture)
            save(folder / "labels" / f"{prefix}_f{number:04d}.png", np.where(ids == 0, 11, ids))
    return folder


@pytest.fixture
def davis_folder(tmp_path: Path) -> Path:
    """One video of five frames; the third has no annotation."""
    return draw_davis(tmp_path)


def draw_davis(root: Path) -> Path:
    """One video of five frames; the third has no annotation."""
    for t in range(5):
        picture, ids = draw(2 * t)
        save(root / "JPEGImages" / "clip" / f"{t:05d}.jpg", picture)
        if t != 2:
            save(root / "Annotations" / "clip" / f"{t:05d}.png", np.where(ids == 2, 5, ids))
    return root
