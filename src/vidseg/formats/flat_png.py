"""Quick decoding of the PNG that label maps come as: one byte a pixel, grey or with a palette.

Encoders leave palette pictures unfiltered, so that inflating them is all there is to do. Pillow
spends as long again on rows and copies, which is felt where every other step is cheap. It also
leaves out the checksums of pixel data, so that a damaged map would be measured as if it were whole.
What is filtered is left to Pillow's decoder, without its reader of chunks.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = bytes((8, 3, 0, 0, 0))  # 8 bits, usual compression and filters, not interlaced
_GREY = bytes((8, 0, 0, 0, 0))


def read_flat_png(content: bytes, path: Path) -> npt.NDArray[np.uint8] | None:
    """[H, W] bytes of the pixels; None for any other file: another form, cut off, no PNG at all.

    Raises DataError, naming ``path``, for a PNG of any form one of whose checksums is wrong.
    """
    if content[:8] != SIGNATURE:
        return None
    packed = _pixel_data(content, path)
    form = content[24:29]
    if packed is None or content[12:16] != b"IHDR" or form not in (_PALETTE, _GREY):
        return None
    width = int.from_bytes(content[16:20], "big")
    height = int.from_bytes(content[20:24], "big")
    if width == 0 or height == 0:
        return None
    plain = _unfiltered(packed, width, height) if form == _PALETTE else None
    return _filtered(packed, width, height) if plain is None else plain


def _filtered(packed: bytes, width: int, height: int) -> npt.NDArray[np.uint8] | None:
    """[H, W] by Pillow's decoder; None where the data are not those of the picture."""
    from PIL import Image

    try:
        image = Image.frombytes("L", (width, height), packed, "zip", "L")
    except (OSError, ValueError):
        return None
    return np.asarray(image)


def _unfiltered(packed: bytes, width: int, height: int) -> npt.NDArray[np.uint8] | None:
    """[H, W] where no row is filtered."""
    size = height * (width + 1)
    inflate = zlib.decompressobj()
    try:
        # One byte more than there should be shows a stream that does not fit the header.
        pixels = inflate.decompress(packed, size + 1)
    except zlib.error:
        return None
    if len(pixels) != size or not inflate.eof:
        return None
    rows = np.frombuffer(pixels, np.uint8).reshape(height, width + 1)
    return None if rows[:, 0].any() else rows[:, 1:]


def check_checksums(content: bytes, path: Path) -> None:
    """Raises DataError where a checksum of the PNG is wrong; Pillow does not look at all of them.

    What is cut off or no PNG at all is left to the reader of pixels.
    """
    if content[:8] == SIGNATURE:
        _pixel_data(content, path)


def _pixel_data(content: bytes, path: Path) -> bytes | None:
    """The joined IDAT chunks; None where a chunk is cut off. Raises DataError as said above."""
    parts: list[bytes] = []
    start = 8
    while True:
        length = int.from_bytes(content[start : start + 4], "big")
        kind = content[start + 4 : start + 8]
        end = start + 8 + length
        checksum = content[end : end + 4]
        if len(checksum) < 4:
            return None
        if zlib.crc32(content[start + 4 : end]) != int.from_bytes(checksum, "big"):
            raise DataError(
                f"Cannot read the label map {path}: it is damaged (a checksum is wrong); make it "
                "anew."
            )
        if kind == b"IEND":
            return b"".join(parts)
        if kind == b"IDAT":
            parts.append(content[start + 8 : end])
        start = end + 4
