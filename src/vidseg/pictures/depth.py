"""Pictures of any depth and kind of colour as 8-bit RGB.

The depth of the file is the measure, never the largest value of a picture: frames of a video stay
as bright beside each other as they were.

- Whole numbers of more than 8 bits keep their upper 8 bits, of the bits that the file declares:
  16-bit value 65535 is 255, and so is 4095 of a TIFF of 12 bits. Negative ones are 0.
- Floats are from 0 (0) to 1 (255). A picture with values above 1 is one of 0 to 255, above 255 one
  of 0 to 65535. NaN is 0. Larger values are refused: nothing tells what white is.
- Transparency is left out: a pixel has the colour that is stored, as in OpenCV and ffmpeg.
- Colour profiles (ICC) are left out: numbers are taken for sRGB.
- CMYK is converted by the plain formula, black and white is 0 and 255.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..types import ImageArray

if TYPE_CHECKING:
    from PIL import Image

_BITS_TAG, _PHOTOMETRIC_TAG, _SAMPLE_FORMAT_TAG = 258, 262, 339  # of TIFF
_WHITE_IS_ZERO, _SIGNED = 0, 2
_WHITE = (1.0, 255.0, 65535.0)  # of floats


def to_rgb(image: Image.Image) -> ImageArray:
    """[H, W, 3] as stored, not turned. Raises ValueError for floats above 65535."""
    if image.mode == "F":
        return _grey(_from_floats(np.asarray(image)))
    if image.mode.startswith("I"):
        return _grey(_upper_bits(np.asarray(image), image))
    if image.mode in ("P", "PA"):
        # By way of alpha, without which Pillow warns of palettes with transparent colours.
        image = image.convert("RGBA")
    return np.asarray(image.convert("RGB"))


def _grey(values: npt.NDArray[np.uint8]) -> ImageArray:
    return np.repeat(values[:, :, None], 3, axis=2)


def _upper_bits(values: npt.NDArray[Any], image: Image.Image) -> npt.NDArray[np.uint8]:
    """[H, W] upper 8 bits of the bits that the file declares."""
    bits, signed, inverted = 16, False, False
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        bits = int(tags.get(_BITS_TAG, (bits,))[0])
        signed = int(tags.get(_SAMPLE_FORMAT_TAG, (1,))[0]) == _SIGNED
        inverted = tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO  # undone by Pillow for 8 bits only
    if bits == 32 and not signed:
        values = values.astype(np.int32, copy=False).view(np.uint32)
    bits -= signed
    shifted = np.right_shift(values, max(0, bits - 8))
    upper: npt.NDArray[np.uint8] = np.clip(shifted, 0, 255).astype(np.uint8)
    return np.invert(upper) if inverted else upper


def _from_floats(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    known = np.nan_to_num(values.astype(np.float32, copy=False), nan=0.0)
    largest = float(known.max(initial=0.0))
    white = next((white for white in _WHITE if largest <= white), None)
    if white is None:
        raise ValueError(f"its floats reach {largest:g}, and nothing tells what white is")
    scaled: npt.NDArray[np.uint8] = np.rint(np.clip(known, 0, white) * (255 / white)).astype(
        np.uint8
    )
    return scaled
