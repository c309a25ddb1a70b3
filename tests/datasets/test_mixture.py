"""Clips drawn from data sets: masks follow pictures, streams are reproducible, pasting occludes."""

from __future__ import annotations

import dataclasses
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from vidseg.datasets.coco_panoptic import CocoPanopticStills
from vidseg.datasets.collate import collate_clips
from vidseg.datasets.davis import MaskedVideos
from vidseg.datasets.frame_sampling import frame_indices, random_video
from vidseg.datasets.label_maps import LabelMapVideos
from vidseg.datasets.mixture import (
    AugmentConfig,
    ClipBatches,
    Source,
    batch_stream,
    clip_stream,
    sample_clip,
)
from vidseg.datasets.schema import ClipSample
from vidseg.errors import DataError

PLAIN = AugmentConfig(colour=0.0, paste=0.0, view_scale=(0.9, 1.0))


def reddish(sample: ClipSample) -> torch.Tensor:
    """[T, H, W] bool: clearly red pixels."""
    image = sample.images.float()
    return (image[:, 0] > 150) & (image[:, 2] < 100)


def test_masks_move_with_the_picture(panoptic_folder: Path) -> None:
    source = Source(dataset=CocoPanopticStills(panoptic_folder))
    checked = 0
    for sample in islice(clip_stream([source], 3, 64, 0, PLAIN), 12):
        assert sample.images.shape == (3, 3, 64, 64)
        assert sample.images.dtype == torch.uint8
        assert sample.masks.shape == (len(sample), 3, 64, 64)
        assert not (sample.masks.sum(0) > 1).any()
        for row in range(len(sample)):
            if sample.label_name(row) != "dog" or sample.masks[row].sum() < 500:
                continue
            red, mask = reddish(sample), sample.masks[row]
            assert (red & mask).sum() / (red | mask).sum() > 0.85
            checked += 1
    assert checked >= 6


def test_stills_move_unless_told_otherwise(panoptic_folder: Path) -> None:
    source = Source(dataset=CocoPanopticStills(panoptic_folder))
    still = dataclasses.replace(PLAIN, motion=dataclasses.replace(PLAIN.motion, still=1.0))
    sample = sample_clip(source, 3, 64, np.random.default_rng(0), still)
    assert torch.equal(sample.images[0], sample.images[2])
    moving = dataclasses.replace(PLAIN, motion=dataclasses.replace(PLAIN.motion, still=0.0))
    sample = sample_clip(source, 3, 64, np.random.default_rng(0), moving)
    assert not torch.equal(sample.images[0], sample.images[2])


def test_the_seed_decides_the_stream(panoptic_folder: Path) -> None:
    source = Source(dataset=CocoPanopticStills(panoptic_folder))
    one, same, other = (next(clip_stream([source], 2, 32, seed)) for seed in (4, 4, 5))
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.masks, same.masks)
    assert not torch.equal(one.images, other.images)


def test_real_clips_take_frames_in_order(davis_folder: Path) -> None:
    source = Source(dataset=MaskedVideos(davis_folder), as_still=0.0, longest_step=1)
    for sample in islice(clip_stream([source], 2, 64, 0, PLAIN), 5):
        steps = sample.frame_indices.diff()
        assert (steps == 1).all()
        assert (sample.labels == -1).all()
        assert sample.vocabulary == ()
        assert sample.expressions == ()


def test_long_videos_are_drawn_more_often_and_all_frames_are_reached() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_video([1, 8, 1], rng) for _ in range(600)]
    assert abs(drawn.count(1) / 600 - 0.8) < 0.06
    assert set(drawn) == {0, 1, 2}
    clips = [frame_indices(6, 3, 0.0, 2, rng) for _ in range(200)]
    assert {index for clip in clips for index in clip} == set(range(6))
    assert {tuple(np.diff(clip)) for clip in clips} == {(1, 1), (2, 2), (-1, -1), (-2, -2)}


def test_videos_shorter_than_the_clip_become_pseudo_clips(label_map_folder: Path) -> None:
    source = Source(dataset=LabelMapVideos(label_map_folder), as_still=0.0)
    sample = sample_clip(source, 5, 32, np.random.default_rng(0), PLAIN)
    assert sample.frame_indices.tolist() == [0, 1, 2, 3, 4]


def test_pasted_objects_occlude_and_carry_labels_by_name(
    davis_folder: Path, panoptic_folder: Path
) -> None:
    donor = CocoPanopticStills(panoptic_folder)
    always = dataclasses.replace(PLAIN, paste=1.0, smallest_area=1)
    foreign = Source(dataset=MaskedVideos(davis_folder), donor=donor)
    own = Source(dataset=donor, donor=donor)
    smallest_donor = 16 * 16  # below the limit of a cut-out, so nothing may be pasted
    assert smallest_donor < 400
    assert all(len(s) <= 2 for s in islice(clip_stream([foreign], 2, 64, 0, always), 5))
    large = _Enlarged(donor)
    foreign = dataclasses.replace(foreign, donor=large)
    own = dataclasses.replace(own, donor=large)
    samples = list(islice(clip_stream([foreign], 2, 64, 0, always), 10))
    assert max(len(s) for s in samples) > 2
    assert all((s.labels == -1).all() for s in samples)
    for sample in islice(clip_stream([own], 2, 64, 0, always), 10):
        assert not (sample.masks.sum(0) > 1).any()
        pasted = sample.ids >= 2
        assert all(sample.label_name(row) == "dog" for row in pasted.nonzero().flatten())


class _Enlarged:
    """A data set at four times its size."""

    def __init__(self, dataset: CocoPanopticStills) -> None:
        self._dataset = dataset
        self.name = dataset.name
        self.vocabulary = dataset.vocabulary
        self.lengths = dataset.lengths
        self.regions = dataset.regions

    def frame(self, video: int, frame: int) -> tuple[np.ndarray, np.ndarray]:
        picture, ids = self._dataset.frame(video, frame)
        return picture.repeat(4, 0).repeat(4, 1), ids.repeat(4, 0).repeat(4, 1)


def test_a_batch_comes_from_one_dataset(panoptic_folder: Path, davis_folder: Path) -> None:
    mixture = [
        Source(dataset=CocoPanopticStills(panoptic_folder), weight=1.0),
        Source(dataset=MaskedVideos(davis_folder), weight=1.0),
    ]
    seen = set()
    for batch in islice(batch_stream(mixture, 3, 2, 32, 0, PLAIN), 12):
        collated = collate_clips(batch)
        assert collated.images.shape == (3, 2, 3, 32, 32)
        assert collated.frame_indices.shape == (3, 2)
        seen.add(collated.vocabulary)
    assert seen == {("grass", "dog"), ()}
    with pytest.raises(DataError, match="empty"):
        next(batch_stream([], 1, 2, 32, 0))


def test_weights_of_zero_are_never_drawn(panoptic_folder: Path, davis_folder: Path) -> None:
    mixture = [
        Source(dataset=CocoPanopticStills(panoptic_folder), weight=0.0),
        Source(dataset=MaskedVideos(davis_folder)),
    ]
    assert all(s.vocabulary == () for s in islice(clip_stream(mixture, 1, 32, 0, PLAIN), 10))


def test_a_worker_process_delivers(panoptic_folder: Path) -> None:
    source = Source(dataset=CocoPanopticStills(panoptic_folder))
    loader = DataLoader(ClipBatches([source], 2, 2, 32, 0), batch_size=None, num_workers=1)
    batch = next(iter(loader))
    assert [sample.images.shape for sample in batch] == [(2, 3, 32, 32)] * 2


def test_collating_refuses_other_sizes(panoptic_folder: Path) -> None:
    source = Source(dataset=CocoPanopticStills(panoptic_folder))
    small, large = (next(clip_stream([source], 1, size, 0)) for size in (32, 64))
    with pytest.raises(DataError, match="size"):
        collate_clips([small, large])


def test_class_masks_unite_the_regions_of_a_class() -> None:
    masks = torch.zeros(3, 1, 4, 4, dtype=torch.bool)
    for row in range(3):
        masks[row, 0, row] = True
    sample = ClipSample(
        images=torch.zeros(1, 3, 4, 4, dtype=torch.uint8),
        masks=masks,
        labels=torch.tensor([1, -1, 1]),
        ids=torch.arange(3),
        is_thing=torch.ones(3, dtype=torch.bool),
        is_group=torch.zeros(3, dtype=torch.bool),
        vocabulary=("a", "b"),
        frame_indices=torch.arange(1),
        dataset="hand-made",
    )
    labels, unions = sample.class_masks()
    assert labels.tolist() == [1]
    assert torch.equal(unions[0], masks[0] | masks[2])
