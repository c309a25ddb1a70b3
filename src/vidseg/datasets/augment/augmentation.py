"""How the frames of a clip become what a model sees: pictures and id maps, changed alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..clips.readers import ClipReader, LabelledFrames
from ..clips.schema import MAX_REGIONS, Region
from .cameras import PADDING, Camera, Fill, Shot
from .copy_paste import CutOut, cut_out, paste, place_cut_out
from .pseudo_video import MotionConfig, Path
from .transforms import sample_colour_changes
from .views import LargeScaleJitter, MovingView, ShortSide

PASTED_MOTION = MotionConfig(
    translation=0.35, rotation=15.0, log_scale=0.25, deformation=0.05, still=0.1
)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """All changes of a clip.

    Attributes:
        view: what part of the frames is seen, and how large.
        flip: probability of mirroring the clip.
        colour: strength of the colour jitter, 0 for none.
        paste: probability that objects of a donor are pasted; needs square views.
        most_pasted: largest number of pasted objects.
        pasted_motion: how they move.
    """

    view: LargeScaleJitter | ShortSide | MovingView
    flip: float = 0.5
    colour: float = 0.0
    paste: float = 0.0
    most_pasted: int = 2
    pasted_motion: MotionConfig = field(default_factory=lambda: PASTED_MOTION)


@dataclass(frozen=True, eq=False)
class Drawn:
    """T frames as a model sees them.

    Attributes:
        images: [T, H, W, 3] uint8 RGB.
        maps: [L, T, H, W] uint8, value n + 1 where region n lies.
        layers: of each region.
        regions: those of the video, then the pasted ones.
        pasted: number of the pasted ones.
        flipped: left is right.
    """

    images: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.uint8]
    layers: Sequence[int]
    regions: tuple[Region, ...]
    pasted: int
    flipped: bool


def draw_frames(
    found: LabelledFrames,
    order: Sequence[int],
    moving: bool,
    augmentation: Augmentation,
    donor: ClipReader | None,
    target: tuple[str, ...],
    rng: np.random.Generator,
) -> Drawn:
    """Augments a clip.

    Args:
        found: the frames that were read.
        order: T positions in ``found``.
        moving: the clip shows more than one frame.
        donor: dataset that pasted objects are cut from; None for no pasting.
        target: vocabulary of the clip, which pasted objects are labelled with.
    """
    flip = bool(rng.random() < augmentation.flip)
    pictures = [Image.fromarray(picture) for picture in found.pictures]
    sizes = [(pictures[k].height, pictures[k].width) for k in order]
    shot = Shot(sizes, found.maps[order[0]].max(0), moving)
    cameras: Sequence[Camera] = augmentation.view.cameras(shot, flip, rng)
    items = _cut_outs(donor, target, len(found.regions), len(order), augmentation, rng)
    colours = sample_colour_changes(rng, len(order), augmentation.colour)
    fill = _fill(found, order[0], augmentation)
    images, maps = [], []
    for t, (place, camera) in enumerate(zip(order, cameras, strict=True)):
        image = camera.picture(pictures[place], fill)
        stack = _stack(found.maps[place], camera, image, items, t, len(found.regions))
        images.append(np.asarray(colours[t](image) if augmentation.colour > 0 else image))
        maps.append(stack)
    return Drawn(
        np.stack(images),
        np.stack(maps, axis=1),
        [*found.layers, *(found.maps[0].shape[0] for _ in items)],
        (*found.regions, *(item.region for item, _ in items)),
        len(items),
        flip,
    )


def _fill(found: LabelledFrames, first: int, augmentation: Augmentation) -> Fill:
    """What lies outside: padding, or for views that only brush the border the average colour."""
    if not isinstance(augmentation.view, MovingView):
        return PADDING
    red, green, blue = found.pictures[first][::8, ::8].mean((0, 1)).astype(int).tolist()
    return red, green, blue


def _stack(
    source: npt.NDArray[np.uint8],
    camera: Camera,
    image: Image.Image,
    items: Sequence[tuple[CutOut, Path]],
    t: int,
    regions: int,
) -> npt.NDArray[np.uint8]:
    """[L, H, W] maps of frame t; pasted objects are drawn onto ``image`` and a layer of their own,
    and hide what they cover."""
    layers = [np.asarray(camera.ids(Image.fromarray(ids))) for ids in source]
    if items:
        top = Image.new("L", image.size)
        for number, (item, track) in enumerate(items, start=regions + 1):
            paste(image, top, item, track[t], number)
        pasted = np.asarray(top)
        layers = [np.where(pasted > 0, np.uint8(0), layer) for layer in layers]
        layers.append(pasted)
    return np.stack(layers)


def _cut_outs(
    donor: ClipReader | None,
    target: tuple[str, ...],
    used: int,
    frames: int,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> list[tuple[CutOut, Path]]:
    """Objects to be pasted and their ways through the clip."""
    if donor is None or rng.random() >= augmentation.paste:
        return []
    items = []
    for _ in range(min(int(rng.integers(1, augmentation.most_pasted + 1)), MAX_REGIONS - used)):
        video = int(rng.integers(len(donor.lengths)))
        found = donor.read(video, [int(rng.integers(donor.lengths[video]))], rng)
        wanted = [k for k, r in enumerate(found.regions) if r.is_thing and not r.is_group]
        if not wanted:
            continue
        chosen = int(rng.choice(wanted))
        region = _in_vocabulary(found.regions[chosen], donor.vocabulary, target)
        ids = found.maps[0][found.layers[chosen]]
        item = cut_out(found.pictures[0], ids, region, chosen + 1)
        if item is not None:
            items.append((item, place_cut_out(rng, item, frames, augmentation.pasted_motion)))
    return items


def _in_vocabulary(region: Region, donor: tuple[str, ...], target: tuple[str, ...]) -> Region:
    """The donor's region as the clip labels it; its captions spoke of another picture."""
    name = donor[region.label] if region.label >= 0 else None
    label = target.index(name) if name in target else -1
    return Region(label, region.is_thing, region.is_group)
