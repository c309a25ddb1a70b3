"""Quick decoding of the PNG that label maps come as: one byte a pixel with a palette, unfiltered.

Encoders leave palette pictures unfiltered, so that inflating them is all there is to do. Pillow
spends as long again on rows and copies, which is felt where every other step is cheap. It also
leaves out the checksums of pixel data, so that a damaged map would be measured as if it were whole.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FORM = bytes((8, 3, 0, 0, 0))  # 8 bits, palette, usual compression and filters, not interlaced


def read_flat_png(content: bytes, path: Path) -> npt.NDArray[np.uint8] | None:
    """[H, W] palette indices; None for any other file: of another form, cut off, no PNG at all.

    Raises DataError, naming ``path``, for a PNG of any form one of whose checksums is wrong.
    """
    if content[:8] != SIGNATURE:
        return None
    packed = _pixel_data(content, path)
    if packed is None or content[12:16] != b"IHDR" or content[24:29] != _FORM:
        return None
    width = int.from_bytes(content[16:20], "big")
    height = int.from_bytes(content[20:24], "big")
    if width == 0 or height == 0:
        return None
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
