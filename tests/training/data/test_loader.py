"""The stream of training batches: the same for every number of processes, and from any step."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.datasets.clips.schema import ClipSample
from vidseg.errors import DataError
from vidseg.training.data.loader import batch_shape, open_stream
from vidseg.training.recipe.data import AugmentationConfig, DataConfig, SourceConfig

from ...datasets.image_layouts import write_image_layout
from ...datasets.layouts import write_layout

VIEW = AugmentationConfig(preset="view", smallest_area=1)
JITTER = AugmentationConfig(preset="lsj", scale=(0.5, 2.0))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three datasets."""
    folder = tmp_path_factory.mktemp("data")
    write_image_layout("coco_panoptic", folder / "coco")
    write_image_layout("refcoco", folder / "ref")
    write_layout("mose", folder / "mose")
    return folder


def label_name(sample: ClipSample, row: int) -> str | None:
    """Category name of a region, None without one."""
    label = int(sample.labels[row])
    return sample.vocabulary[label] if label >= 0 else None


def config(root: Path, **changes: Any) -> DataConfig:
    """Three sources, small squares."""
    given: dict[str, Any] = {
        "root": str(root),
        "sources": (
            SourceConfig(name="coco", kind="coco_panoptic", folder="coco", split="train"),
            SourceConfig(name="ref", kind="refcoco", folder="ref/data/refcoco", split="train"),
            SourceConfig(name="mose", kind="mose", folder="mose", split="train", frame_range=2),
        ),
        "clips": 4,
        "frames": 2,
        "size": 64,
        "augmentation": JITTER,
        "workers": 0,
    }
    return DataConfig(**(given | changes))


def take(data: DataConfig, steps: int = 6, **options: Any) -> list[ClipBatch]:
    return list(islice(open_stream(data, **({"seed": 3} | options)), steps))


def assert_same(one: ClipBatch, other: ClipBatch) -> None:
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.frame_indices, other.frame_indices)
    assert len(one.samples) == len(other.samples)
    for a, b in zip(one.samples, other.samples, strict=True):
        assert a.dataset == b.dataset
        assert a.vocabulary == b.vocabulary
        assert a.expressions == b.expressions
        for name in ("images", "masks", "labels", "ids", "is_thing", "is_group"):
            assert torch.equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("workers", [1, 3])
def test_loading_processes_change_nothing(root: Path, workers: int) -> None:
    alone = take(config(root))
    others = take(config(root, workers=workers))
    for one, other in zip(alone, others, strict=True):
        assert_same(one, other)


def test_training_processes_share_the_batches_of_one(root: Path) -> None:
    whole = take(config(root))
    parts = [take(config(root), rank=rank, world=2) for rank in (0, 1)]
    for batch, one, other in zip(whole, *parts, strict=True):
        images = torch.cat([one.images, other.images])
        assert torch.equal(batch.images, images)
        samples = (*one.samples, *other.samples)
        for a, b in zip(batch.samples, samples, strict=True):
            assert torch.equal(a.masks, b.masks)
            assert a.expressions == b.expressions


@pytest.mark.parametrize("workers", [0, 2])
def test_streams_resume_at_any_step(root: Path, workers: int) -> None:
    whole = take(config(root, workers=workers))
    for start in (1, 4):
        resumed = take(config(root, workers=workers), 6 - start, start_step=start)
        for one, other in zip(whole[start:], resumed, strict=True):
            assert_same(one, other)


def test_the_seed_decides(root: Path) -> None:
    one, other = take(config(root), 4), take(config(root), 4, seed=4)
    assert any(
        a.images.shape != b.images.shape or not torch.equal(a.images, b.images)
        for a, b in zip(one, other, strict=True)
    )


def test_global_generators_are_left_alone(root: Path) -> None:
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    take(config(root, workers=1), 1)
    assert torch.equal(torch.rand(1), wanted)


def test_batches_come_from_one_dataset_as_often_as_it_weighs(root: Path) -> None:
    data = config(root, clips=1, frames=1, size=32)
    data = replace(data, sources=tuple(
        replace(source, weight=weight)
        for source, weight in zip(data.sources, (0.5, 0.0, 1.5), strict=True)
    ))  # fmt: skip
    drawn = [batch.samples[0].dataset for batch in take(data, 200)]
    assert drawn.count("ref") == 0
    assert drawn.count("mose") / 200 == pytest.approx(0.75, abs=0.1)


def test_clips_have_their_form(root: Path) -> None:
    seen = set()
    for batch in take(config(root), 12):
        assert batch.images.shape == (4, 2, 3, 64, 64)
        assert batch.images.dtype == torch.uint8
        assert len({sample.dataset for sample in batch.samples}) == 1
        for sample in batch.samples:
            seen.add(sample.dataset)
            assert len(sample) > 0
            assert sample.masks.shape == (len(sample), 2, 64, 64)
            assert sample.visible.any(1).all()
            assert (sample.frame_indices.diff() >= 0).all()
            assert len(set(sample.ids.tolist())) == len(sample)
    assert seen == {"coco", "ref", "mose"}


def test_supervision_is_what_the_dataset_gives(root: Path) -> None:
    kinds: dict[str, set[tuple[str | None, bool]]] = {}
    for batch in take(config(root), 20):
        for sample in batch.samples:
            found = kinds.setdefault(sample.dataset, set())
            found |= {
                (label_name(sample, row), bool(sample.is_thing[row])) for row in range(len(sample))
            }
            assert len(sample.vocabulary) == (133 if sample.dataset == "coco" else 0)
    assert kinds["coco"] == {("wall", False), ("person", True), ("car", True)}
    assert kinds["ref"] == kinds["mose"] == {(None, True)}


def test_left_and_right_are_as_one_sees_them(root: Path) -> None:
    data = config(
        root,
        size=128,
        augmentation=replace(JITTER, scale=(1.0, 1.0), rotation=0.0),
        sources=config(root).sources[1:2],
    )
    words = set()
    for batch in take(data, 8):
        for sample in batch.samples:
            texts = {e.text: e.target for e in sample.expressions}
            (word,) = set(texts) - {"the red one"}
            words.add(word)
            column = sample.masks[texts[word], 0].any(0).nonzero().float().mean()
            assert (word == "left") is bool(column < 64)
            assert (word == "right") is bool(column >= 64)
    assert words == {"left", "right"}


def test_there_is_an_expression_for_each_object_and_sentence(root: Path) -> None:
    (batch,) = take(config(root, sources=config(root).sources[1:2]), 1)
    for sample in batch.samples:
        assert len(sample.expressions) == 2
        assert len({e.target for e in sample.expressions}) == 1


def test_objects_are_capped(root: Path) -> None:
    data = config(root, most_objects=1)
    assert all(len(sample) == 1 for batch in take(data, 8) for sample in batch.samples)


@pytest.mark.parametrize("preset", ["lsj", "short_side", "view"])
def test_masks_follow_pictures(panoptic_folder: Path, preset: Any) -> None:
    augmentation = replace(
        JITTER, preset=preset, scale=(0.7, 1.0) if preset == "view" else (1.0, 2.0),
        short_sides=(96, 128), long_side=400,
    )  # fmt: skip
    source = SourceConfig(name="it", kind="coco_panoptic_stills", folder=".")
    data = config(panoptic_folder, size=160, augmentation=augmentation, sources=(source,))
    compared = 0
    for batch in take(data, 5):
        for sample in batch.samples:
            wide = sample.images.int()
            colours = {
                "dog": (wide[:, 0] > 175) & (wide[:, 2] < 70),
                "grass": (wide[:, 2] > 175) & (wide[:, 0] < 70),
            }
            for row in range(len(sample)):
                colour, mask = colours[str(label_name(sample, row))], sample.masks[row]
                if mask.sum() > 1500:
                    assert (colour & mask).sum() / (colour | mask).sum() > 0.9
                    compared += 1
    assert compared > 20


def test_pictures_of_several_sizes_are_padded(root: Path) -> None:
    augmentation = AugmentationConfig(preset="short_side", short_sides=(40, 80), long_side=200)
    batches = take(config(root, augmentation=augmentation), 8)
    for batch in batches:
        assert batch.images.shape[-2] % 32 == batch.images.shape[-1] % 32 == 0
        for sample in batch.samples:
            assert sample.masks.shape[-2:] == batch.images.shape[-2:]
    assert len({batch.images.shape for batch in batches}) > 1


def test_single_frames_come_at_even_distances(root: Path) -> None:
    data = config(root, single_frames=0.25, augmentation=VIEW)
    shapes = [batch_shape(data, step) for step in range(8)]
    assert shapes == 2 * [(4, 2), (4, 2), (4, 2), (8, 1)]
    batches = take(data, 4)
    assert [tuple(batch.images.shape[:2]) for batch in batches] == shapes[:4]


def test_a_clip_without_regions_is_drawn_again(root: Path) -> None:
    """At four times the size most cut-outs show no object of MOSE."""
    data = config(
        root, sources=config(root).sources[2:], augmentation=replace(JITTER, scale=(4, 4))
    )
    assert all(len(sample) for batch in take(data, 5) for sample in batch.samples)


def damaged(root: Path, tmp_path: Path) -> tuple[DataConfig, Path]:
    """A dataset of four stills of which one is broken."""
    write_image_layout("sa1b", tmp_path / "sa1b")
    broken = tmp_path / "sa1b" / "sa_000000" / "sa_10.jpg"
    broken.write_bytes(broken.read_bytes()[:400])
    source = SourceConfig(name="sa1b", kind="sa1b", folder="sa1b")
    return config(tmp_path, sources=(source,)), broken


@pytest.mark.parametrize("workers", [0, 2])
def test_unreadable_samples_are_told_once_and_replaced(
    root: Path, tmp_path: Path, workers: int
) -> None:
    data, broken = damaged(root, tmp_path)
    told: list[str] = []
    batches = take(replace(data, workers=workers, corrupt_limit=1), 6, report=told.append)
    assert len(told) == 1
    assert str(broken) in told[0]
    again = take(replace(data, corrupt_limit=1), 3, start_step=3, report=told.append)
    for one, other in zip(batches[3:], again, strict=True):
        assert_same(one, other)


def test_too_many_unreadable_samples_end_the_run(root: Path, tmp_path: Path) -> None:
    data, broken = damaged(root, tmp_path)
    with pytest.raises(DataError, match=r"1 samples cannot be read.*corrupt_limit is 0.*") as error:
        take(replace(data, corrupt_limit=0), 6)
    assert str(broken) in str(error.value)


def test_a_dataset_that_cannot_be_read_at_all(root: Path, tmp_path: Path) -> None:
    data, broken = damaged(root, tmp_path)
    (broken.parent / "sa_9.jpg").unlink()
    with pytest.raises(DataError, match=r"No labelled region was found in 40 clips of sa1b"):
        take(replace(data, corrupt_limit=5), 1)


def test_processes_that_cannot_share_a_batch(root: Path) -> None:
    with pytest.raises(DataError, match=r"data.clips is 4, which 3 processes cannot share"):
        open_stream(config(root), seed=0, world=3)


def test_a_loading_process_that_ends_is_one_clear_error(root: Path) -> None:
    stream = open_stream(config(root, workers=1), seed=0)
    next(stream)
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)
    with pytest.raises(DataError, match="A loading process ended by itself"):
        for _ in range(20):
            next(stream)


def test_clips_of_sa1b_keep_their_scale(tmp_path: Path) -> None:
    write_image_layout("sa1b", tmp_path / "sa1b")
    source = SourceConfig(name="sa1b", kind="sa1b", folder="sa1b")
    for preset in ("lsj", "short_side"):
        given = AugmentationConfig(preset=preset, scale=(0.5, 1.0), rotation=0.0)  # type: ignore[arg-type]
        for batch in take(config(tmp_path, sources=(source,), augmentation=given, frames=4), 3):
            assert batch.images.shape[-2:] == (64, 64)
            for sample in batch.samples:
                areas = sample.masks[0].flatten(1).sum(1).numpy()
                assert np.ptp(areas) <= 0.1 * areas.max()


def test_crowded_stills_of_sa1b_give_reliable_masks(tmp_path: Path) -> None:
    write_image_layout("sa1b", tmp_path / "sa1b")
    for file in tmp_path.rglob("*.json"):
        content = json.loads(file.read_text())
        whole, part = content["annotations"]
        doubtful = [{**whole, "id": k, "stability_score": 0.95} for k in range(100)]
        content["annotations"] = [*doubtful, part]
        file.write_text(json.dumps(content))
    source = SourceConfig(name="sa1b", kind="sa1b", folder="sa1b")
    (batch,) = take(config(tmp_path, sources=(source,), frames=1, most_objects=5), 1)
    for sample in batch.samples:
        assert len(sample) == 1  # only the part, which is blue


def test_stills_with_many_objects_lend_each_class_a_place(tmp_path: Path) -> None:
    write_image_layout("lvis", tmp_path)
    file = tmp_path / "annotations" / "lvis_v1_train.json"
    content = json.loads(file.read_text())
    frequent = [a for a in content["annotations"] if a["category_id"] == 3]
    content["annotations"] = [
        {**a, "id": 1000 * k + a["id"]} for k in range(1, 9) for a in frequent
    ] + content["annotations"]
    file.write_text(json.dumps(content))
    source = SourceConfig(name="lvis", kind="lvis", folder=".", split="train")
    plain = AugmentationConfig(preset="lsj", scale=(1.0, 1.0), rotation=0.0)
    data = config(tmp_path, sources=(source,), frames=1, most_objects=2, augmentation=plain)
    found = [
        {label_name(sample, row) for row in range(len(sample))}
        for batch in take(data, 25)
        for sample in batch.samples
    ]
    rare = np.mean(["alligator" in names for names in found])
    assert rare == pytest.approx(0.5, abs=0.17)  # one of eleven objects, one of two classes


def test_overlapping_masks_stay_whole(tmp_path: Path) -> None:
    write_image_layout("sa1b", tmp_path / "sa1b")
    source = SourceConfig(name="sa1b", kind="sa1b", folder="sa1b")
    plain = AugmentationConfig(preset="lsj", scale=(1.0, 1.0), rotation=0.0)
    (batch,) = take(config(tmp_path, sources=(source,), augmentation=plain), 1)
    for sample in batch.samples:
        whole, part = sample.masks
        assert (part & ~whole).sum() == 0
        assert part.any()
