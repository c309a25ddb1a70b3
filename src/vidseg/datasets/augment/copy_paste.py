"""Copy-paste over time: objects cut from one picture move over another and occlude it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...types import ImageArray
from ..clips.schema import Region, SmallIdMap
from .pseudo_video import MotionConfig, Path, View, sample_path
from .transforms import warp


@dataclass(frozen=True)
class CutOut:
    """One object of a donor picture.

    Attributes:
        region: what it is.
        image: the part of the donor around it, RGB.
        alpha: its mask, mode "L", 0 or 255.
    """

    region: Region
    image: Image.Image
    alpha: Image.Image


def cut_out(
    picture: ImageArray, ids: SmallIdMap, region: Region, number: int, *, smallest: int = 400
) -> CutOut | None:
    """Cuts region ``number`` (its value in the id map) from a picture.

    Returns:
        None if it has fewer than ``smallest`` pixels or fills nearly the whole picture.
    """
    mask = ids == number
    area = int(mask.sum())
    if area < smallest or area > 0.7 * mask.size:
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha = np.ascontiguousarray(mask[box]).astype(np.uint8) * 255
    return CutOut(
        region,
        Image.fromarray(np.ascontiguousarray(picture[box])),
        Image.fromarray(alpha),
    )


def place_cut_out(
    rng: np.random.Generator,
    item: CutOut,
    frames: int,
    motion: MotionConfig,
    *,
    share: tuple[float, float] = (0.2, 0.6),
) -> Path:
    """A path on which the object crosses the clip, at a size between two shares of its side."""
    width, height = item.image.size
    side = max(width, height) / float(rng.uniform(*share))  # the view, in pixels of the cut-out
    offset = rng.uniform(-0.35, 0.35, 2) * side
    view = View(width / 2 + float(offset[0]), height / 2 + float(offset[1]), side, side)
    return sample_path(rng, view, frames, motion, flip=bool(rng.random() < 0.5))


def paste(image: Image.Image, ids: Image.Image, item: CutOut, nodes: Path, number: int) -> None:
    """Draws one frame of a cut-out over a frame, in place.

    Args:
        image: RGB square that is drawn on.
        ids: its id map, mode "L".
        item: the object; nodes: [G+1, G+1, 2] its position in this frame.
        number: value of the object in the id map.
    """
    size = image.size[0]
    alpha = warp(item.alpha, nodes, size, smooth=True, fill=0)
    box = alpha.getbbox()
    if box is None:
        return
    colours = warp(item.image, nodes, size, smooth=True, fill=(127, 127, 127))
    image.paste(colours, mask=alpha)
    ids.paste(number, mask=alpha.point([0] * 128 + [255] * 128))
