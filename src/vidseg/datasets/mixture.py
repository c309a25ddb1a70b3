"""An endless stream of training clips drawn from several datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ..errors import DataError
from ..types import ImageArray
from .copy_paste import CutOut, cut_out, paste, place_cut_out
from .expressions import compose_expressions, mirror_text
from .frame_sampling import frame_indices, frame_times, random_labelled_pixel, random_video
from .pseudo_video import MotionConfig, Path, sample_path, sample_view
from .schema import (
    MAX_REGIONS,
    ClipSample,
    Expression,
    FrameDataset,
    Region,
    SmallIdMap,
)
from .transforms import resize_frame, sample_colour_changes, warp


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Augmentation of training clips.

    Attributes:
        motion: pseudo motion of stills; real clips keep their own motion.
        object_motion: motion of pasted objects.
        view_scale: range of the crop's side relative to the short side of the picture.
        flip: probability of mirroring the clip.
        colour: strength of the colour jitter, 0 for none.
        paste: probability that objects are pasted at all.
        most_pasted: largest number of pasted objects.
        smallest_area: regions below this many pixels in every frame are dropped.
    """

    motion: MotionConfig = field(default_factory=MotionConfig)
    object_motion: MotionConfig = field(
        default_factory=lambda: MotionConfig(
            translation=0.35, rotation=15.0, log_scale=0.25, deformation=0.05, still=0.1
        )
    )
    view_scale: tuple[float, float] = (0.55, 1.0)
    flip: float = 0.5
    colour: float = 0.2
    paste: float = 0.6
    most_pasted: int = 2
    smallest_area: int = 32


@dataclass(frozen=True, kw_only=True)
class Source:
    """A dataset in a mixture.

    Attributes:
        dataset: where clips come from.
        weight: relative probability of drawing it.
        as_still: probability that a video gives one frame with pseudo motion, not a real clip.
        longest_step: real clips take every 1..longest_step-th frame.
        donor: dataset that pasted objects are cut from; None for no pasting. Its categories are
            found by name in the dataset's vocabulary; objects of other categories get label -1
            there. Give none whose objects belong to categories of this dataset under other names.
    """

    dataset: FrameDataset
    weight: float = 1.0
    as_still: float = 0.3
    longest_step: int = 3
    donor: FrameDataset | None = None


class CachedFrames:
    """Keeps the decoded frames of a dataset in memory, shrunk to a short side.

    A 320×427 frame takes 0.55 MB. Frames are decoded when they are first asked for.
    """

    def __init__(self, dataset: FrameDataset, short_side: int = 320) -> None:
        self._dataset = dataset
        self._short_side = short_side
        self._frames: dict[tuple[int, int], tuple[ImageArray, SmallIdMap]] = {}
        self.name = dataset.name
        self.vocabulary = dataset.vocabulary
        self.lengths = dataset.lengths

    def regions(self, video: int) -> tuple[Region, ...]:
        """As the dataset's."""
        return self._dataset.regions(video)

    def frame(self, video: int, frame: int) -> tuple[ImageArray, SmallIdMap]:
        """Decodes once, then remembers."""
        key = (video, frame)
        if key not in self._frames:
            picture, ids = self._dataset.frame(video, frame)
            small = resize_frame(Image.fromarray(picture), Image.fromarray(ids), self._short_side)
            self._frames[key] = (np.asarray(small[0]), np.asarray(small[1]))
        return self._frames[key]


def sample_clip(
    source: Source,
    frames: int,
    size: int,
    rng: np.random.Generator,
    augment: AugmentConfig | None = None,
) -> ClipSample:
    """Draws one augmented clip.

    Args:
        source: where from.
        frames: T.
        size: side of the square pictures in pixels.

    Raises:
        DataError: if forty draws in a row showed no labelled region.
    """
    augment = augment or AugmentConfig()
    for _ in range(40):
        sample = _draw_clip(source, frames, size, rng, augment)
        if len(sample):
            return sample
    raise DataError(f"No labelled region found in forty clips of {source.dataset.name}.")


def _draw_clip(
    source: Source, frames: int, size: int, rng: np.random.Generator, augment: AugmentConfig
) -> ClipSample:
    dataset = source.dataset
    video = random_video(dataset.lengths, rng)
    indices = frame_indices(
        dataset.lengths[video], frames, source.as_still, source.longest_step, rng
    )
    real = indices[0] != indices[-1]
    first_picture, first_ids = dataset.frame(video, indices[0])
    flip = bool(rng.random() < augment.flip)
    focus = random_labelled_pixel(first_ids, rng)
    view = sample_view(rng, first_ids.shape, scale=augment.view_scale, focus=focus)
    path = sample_path(rng, view, frames, augment.motion, flip=flip, strength=0.3 if real else 1.0)
    regions = list(dataset.regions(video))
    pasted = _sample_pasted(source, frames, rng, augment, len(regions))
    colours = sample_colour_changes(rng, frames, augment.colour)
    average = tuple(int(v) for v in first_picture[::8, ::8].mean((0, 1)))
    images, maps = [], []
    for t, index in enumerate(indices):
        picture, ids = dataset.frame(video, index)
        image = warp(Image.fromarray(picture), path[t], size, smooth=True, fill=average)
        id_map = warp(Image.fromarray(ids), path[t], size, smooth=False, fill=0)
        for number, (item, track) in enumerate(pasted, start=len(regions) + 1):
            paste(image, id_map, item, track[t], number)
        images.append(np.asarray(colours[t](image)))
        maps.append(np.asarray(id_map))
    regions += [item.region for item, _ in pasted]
    return _make_sample(
        dataset, np.stack(images), np.stack(maps), regions, frame_times(indices), flip, rng, augment
    )


def _sample_pasted(
    source: Source, frames: int, rng: np.random.Generator, augment: AugmentConfig, used: int
) -> list[tuple[CutOut, Path]]:
    donor = source.donor
    if donor is None or rng.random() >= augment.paste:
        return []
    pasted = []
    for _ in range(min(int(rng.integers(1, augment.most_pasted + 1)), MAX_REGIONS - used)):
        video = int(rng.integers(len(donor.lengths)))
        picture, ids = donor.frame(video, int(rng.integers(donor.lengths[video])))
        regions = donor.regions(video)
        wanted = [k for k, r in enumerate(regions) if r.is_thing and not r.is_group]
        if not wanted:
            continue
        chosen = int(rng.choice(wanted))
        region = _in_vocabulary(regions[chosen], donor, source.dataset)
        item = cut_out(picture, ids, region, chosen + 1)
        if item is not None:
            pasted.append((item, place_cut_out(rng, item, frames, augment.object_motion)))
    return pasted


def _in_vocabulary(region: Region, donor: FrameDataset, target: FrameDataset) -> Region:
    """The donor's region as the target dataset labels it; its captions spoke of another picture."""
    name = donor.vocabulary[region.label] if region.label >= 0 else None
    label = target.vocabulary.index(name) if name in target.vocabulary else -1
    return Region(label, region.is_thing, region.is_group)


def _make_sample(
    dataset: FrameDataset,
    images: npt.NDArray[np.uint8],
    maps: npt.NDArray[np.uint8],
    regions: Sequence[Region],
    times: Tensor,
    flip: bool,
    rng: np.random.Generator,
    augment: AugmentConfig,
) -> ClipSample:
    counts = np.stack([np.bincount(m.ravel(), minlength=len(regions) + 1) for m in maps])
    rows = np.flatnonzero(counts[:, 1:].max(0) >= augment.smallest_area)
    kept = [regions[row] for row in rows.tolist()]
    masks = torch.from_numpy(maps[None] == (rows + 1).astype(np.uint8)[:, None, None, None])
    names = [dataset.vocabulary[r.label] if r.label >= 0 else None for r in kept]
    usable = [r.is_thing and not r.is_group for r in kept]
    expressions = [
        Expression(mirror_text(text) if flip else text, row, composed=False)
        for row, region in enumerate(kept)
        if names.count(names[row]) == 1  # a pasted object may have made the sentence ambiguous
        for text in region.captions
    ]
    expressions += compose_expressions(masks[:, 0], names, usable, rng)
    return ClipSample(
        images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        masks=masks,
        labels=torch.tensor([r.label for r in kept], dtype=torch.int64),
        ids=torch.from_numpy(rows.astype(np.int64)),
        is_thing=torch.tensor([r.is_thing for r in kept], dtype=torch.bool),
        is_group=torch.tensor([r.is_group for r in kept], dtype=torch.bool),
        vocabulary=dataset.vocabulary,
        frame_indices=times,
        dataset=dataset.name,
        expressions=tuple(expressions),
    )


def batch_stream(
    mixture: Sequence[Source],
    batch: int,
    frames: int,
    size: int,
    seed: int,
    augment: AugmentConfig | None = None,
) -> Iterator[list[ClipSample]]:
    """Endless batches; all clips of a batch come from one dataset, so they share a vocabulary."""
    if not mixture:
        raise DataError("The mixture of training data is empty; give at least one source.")
    rng = np.random.default_rng(seed)
    weights = np.array([source.weight for source in mixture], float)
    while True:
        source = mixture[int(rng.choice(len(mixture), p=weights / weights.sum()))]
        yield [sample_clip(source, frames, size, rng, augment) for _ in range(batch)]


def clip_stream(
    mixture: Sequence[Source],
    frames: int,
    size: int,
    seed: int,
    augment: AugmentConfig | None = None,
) -> Iterator[ClipSample]:
    """Endless single clips."""
    for (sample,) in batch_stream(mixture, 1, frames, size, seed, augment):
        yield sample


class ClipBatches(IterableDataset[list[ClipSample]]):
    """``batch_stream`` for ``DataLoader(..., batch_size=None)``; each worker has its own seed."""

    def __init__(
        self,
        mixture: Sequence[Source],
        batch: int,
        frames: int,
        size: int,
        seed: int,
        augment: AugmentConfig | None = None,
    ) -> None:
        self.mixture = tuple(mixture)
        self.batch = batch
        self.frames = frames
        self.size = size
        self.seed = seed
        self.augment = augment

    def __iter__(self) -> Iterator[list[ClipSample]]:
        worker = get_worker_info()
        seed = self.seed if worker is None else self.seed + 7919 * (worker.id + 1)
        torch.set_num_threads(1)
        return batch_stream(self.mixture, self.batch, self.frames, self.size, seed, self.augment)
