"""From source pixels to the model's input and back: the one place where resolution changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..errors import ModelError
from ..limits import check_size
from ..types import IdMap, ImageArray, MaskArray
from .config import InferenceConfig

MASK_STRIDE = 4
"""Input pixels per cell of the decoder's mask logits."""

GIVEN_LOGIT = 10.0
"""Logit of a cell that lies inside of a given mask."""

_BAND = 32  # source rows at a time where a value per class and pixel would be too much at once


@dataclass(frozen=True)
class FrameGeometry:
    """Sizes (height, width) of one video: in the source, resized, and padded.

    Everything is bilinear with ``align_corners=False``; ids and given masks are nearest. Masks are
    measured on a ``grid``, the cells of the decoder; released code measures them in pixels.
    """

    source: tuple[int, int]
    valid: tuple[int, int]
    padded: tuple[int, int]

    @classmethod
    def of(cls, source: tuple[int, int], config: InferenceConfig) -> FrameGeometry:
        """Shortest edge to ``short_side``, longest at most ``max_side``, then padding."""
        square, longest = config.square_side, config.max_side
        if square is not None:
            longest = min(longest, square)
        scale = config.short_side / min(source)
        if max(source) * scale > longest:
            scale = longest / max(source)
        height, width = (max(1, int(side * scale + 0.5)) for side in source)
        if square is not None:
            return cls(source, (height, width), (square, square))
        multiple = config.size_multiple
        padded = (-(-height // multiple) * multiple, -(-width // multiple) * multiple)
        what = f"A frame of {source[1]} x {source[0]} by short_side and max_side"
        check_size(padded[1], padded[0], what, ModelError)
        return cls(source, (height, width), padded)

    @property
    def scale(self) -> tuple[float, float]:
        """(y, x) input pixels per source pixel."""
        return self.valid[0] / self.source[0], self.valid[1] / self.source[1]

    def to_padded(self, logits: Tensor) -> Tensor:
        """[..., h, w] decoder logits to [..., H, W] of the padded input."""
        return _resize(logits, self.padded)

    def crop(self, padded: Tensor) -> Tensor:
        """[..., H, W] of the padded input to its part that shows the picture."""
        return padded[..., : self.valid[0], : self.valid[1]]

    def padded_to_source(self, padded: Tensor) -> Tensor:
        """[..., H, W] values on the padded input to [..., Hs, Ws] source pixels."""
        return _resize(self.crop(padded), self.source)

    def to_source(self, logits: Tensor) -> Tensor:
        """[..., h, w] decoder logits straight to source pixels.

        Equals ``padded_to_source(to_padded(logits))`` up to rounding. Both steps are linear and
        separable, so two small matrices do them at once without the picture in between.
        """
        rows, columns = self._interpolations(logits)
        return rows @ (logits @ columns.T)

    def source_bands(self, logits: Tensor) -> Iterator[Tensor]:
        """:meth:`to_source` from top to bottom, a few rows [..., n, Ws] at a time."""
        rows, columns = self._interpolations(logits)
        narrow = logits @ columns.T
        for band in rows.split(_BAND):
            yield band @ narrow

    def _interpolations(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Matrices [Hs, h] and [Ws, w] from the cells of logits [..., h, w] to source pixels."""
        rows, columns = (
            _interpolation(
                int(logits.shape[i - 2]), self.padded[i], self.valid[i], self.source[i]
            ).to(logits.device, logits.dtype)
            for i in range(2)
        )
        return rows, columns

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the grid on which qualities and overlaps of masks are counted."""
        return self.padded[0] // MASK_STRIDE, self.padded[1] // MASK_STRIDE

    def measured(self, logits: Tensor) -> Tensor:
        """[..., h, w] decoder logits on :attr:`grid`."""
        return logits

    def shown(self, measured: Tensor) -> Tensor:
        """The part of values on :attr:`grid` that shows the picture and not its padding."""
        height, width = (-(-side // MASK_STRIDE) for side in self.valid)
        return measured[..., :height, :width]

    def measured_to_source(self, measured: Tensor) -> Tensor:
        """Logits on :attr:`grid` to [..., Hs, Ws] source pixels."""
        return self.to_source(measured)

    def contested(self, logits: Tensor) -> Tensor:
        """[..., h, w] decoder logits on the pixels that segments of a picture compete for."""
        return self.to_source(logits)

    def given_logits(self, mask: MaskArray) -> Tensor:
        """[Hs, Ws] mask that the user gave, as logits on :attr:`grid`."""
        cells = F.avg_pool2d(self.mask_to_padded(mask)[None], MASK_STRIDE)[0]
        return (2 * cells - 1) * GIVEN_LOGIT

    def labels_to_source(self, labels: Tensor) -> IdMap:
        """[H, W] integers on source, resized picture or grid to source size (nearest)."""
        values = labels.to(torch.int32).cpu().numpy()
        if values.shape == self.source:
            return np.asarray(values)
        size = self.source[::-1]
        resized = Image.fromarray(values, mode="I").resize(size, Image.Resampling.NEAREST)
        return np.asarray(resized, dtype=np.int32)

    def mask_to_padded(self, mask: MaskArray) -> Tensor:
        """[Hs, Ws] source mask to a float [H, W] mask of 0 and 1 on the padded input (nearest)."""
        height, width = self.valid
        picture = Image.fromarray(mask.astype(np.uint8) * 255)
        resized = np.asarray(picture.resize((width, height), Image.Resampling.NEAREST)) > 0
        padded = torch.zeros(self.padded)
        padded[:height, :width] = torch.from_numpy(resized)
        return padded


def _resize(values: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(values.shape[-2:]) == size:
        return values
    flat = values.reshape(-1, 1, *values.shape[-2:])
    if flat.shape[0] == 0:
        return values.new_zeros(*values.shape[:-2], *size)
    resized = F.interpolate(flat, size=size, mode="bilinear", align_corners=False)
    return resized.reshape(*values.shape[:-2], *size)


@lru_cache(maxsize=64)
def _interpolation(cells: int, padded: int, valid: int, source: int) -> Tensor:
    """[source, cells] matrix: bilinear to ``padded``, cut to ``valid``, bilinear to ``source``."""
    up = _line(torch.eye(cells), padded)
    return _line(up[:, :valid], source).T.contiguous()


def _line(values: Tensor, size: int) -> Tensor:
    return F.interpolate(values[:, None], size=size, mode="linear", align_corners=False)[:, 0]


def prepare(
    images: Sequence[ImageArray],
    geometry: FrameGeometry,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    """RGB uint8 pictures [Hs, Ws, 3] to the model's input [N, 3, H, W].

    Resized on uint8 with PIL, normalised, and padded with zeros after normalisation.
    """
    height, width = geometry.valid
    batch = torch.zeros(len(images), 3, *geometry.padded)
    shift, spread = torch.tensor(mean)[:, None, None], torch.tensor(std)[:, None, None]
    for row, image in enumerate(images):
        picture = np.asarray(image)
        if geometry.valid != geometry.source:
            resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
            picture = np.asarray(resized)
        pixels = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).float()
        batch[row, :, :height, :width] = (pixels - shift) / spread
    return batch
