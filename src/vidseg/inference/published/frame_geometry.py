"""The released resolution of masks: pixels of the padded input instead of the decoder's cells."""

from __future__ import annotations

from torch import Tensor

from ...types import MaskArray
from ..frame_geometry import FrameGeometry


class PixelGeometry(FrameGeometry):
    """Masks are measured, compete and are remembered in pixels of the padded input."""

    @property
    def grid(self) -> tuple[int, int]:
        """As :attr:`FrameGeometry.grid`."""
        return self.padded

    def measured(self, logits: Tensor) -> Tensor:
        """As :meth:`FrameGeometry.measured`."""
        return self.to_padded(logits)

    def shown(self, measured: Tensor) -> Tensor:
        """As :meth:`FrameGeometry.shown`."""
        return self.crop(measured)

    def measured_to_source(self, measured: Tensor) -> Tensor:
        """As :meth:`FrameGeometry.measured_to_source`."""
        return self.padded_to_source(measured)

    def contested(self, logits: Tensor) -> Tensor:
        """As :meth:`FrameGeometry.contested`: the input's pixels that show the picture."""
        return self.crop(self.to_padded(logits))

    def given_logits(self, mask: MaskArray) -> Tensor:
        """As :meth:`FrameGeometry.given_logits`; the mask itself serves as logits."""
        return self.mask_to_padded(mask)
