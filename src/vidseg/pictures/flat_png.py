"""Quick decoding of the PNG that label maps come as: one byte a pixel, grey or with a palette.

Encoders leave palette pictures unfiltered, so that inflating them is all there is to do. Pillow
spends as long again on rows and copies, which is felt where every other step is cheap. It also
leaves out the checksums of pixel data and takes rows that are missing for zeros, so that a damaged
map would be measured as if it were whole. What is filtered is left to Pillow's decoder, without its
reader of chunks.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..limits import check_size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = bytes((8, 3, 0, 0, 0))  # 8 bits, usual compression and filters, not interlaced
_GREY = bytes((8, 0, 0, 0, 0))
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Of an interlaced PNG (specification, 8.2): first column and row, steps over columns and rows.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_NOT_DECODED = 253
_PART = 1 << 16


def read_flat_png(content: bytes, path: Path) -> npt.NDArray[np.uint8] | None:
    """[H, W] bytes of the pixels; None for any other file: another form, no PNG at all.

    Raises DataError, naming ``path``, for a PNG of any form that :func:`check_chunks` refuses.
    """
    if content[:8] != SIGNATURE:
        return None
    packed = _pixel_data(content, path)
    form = content[24:29]
    if form not in (_PALETTE, _GREY):
        return None
    width, height = _size(content)
    check_size(width, height, f"The label map {path}")
    plain = _unfiltered(packed, width, height) if form == _PALETTE else None
    return _filtered(packed, width, height) if plain is None else plain


def png_form(content: bytes) -> tuple[int, int] | None:
    """Bits a channel and colour type (2: RGB, 3: palette) of a PNG; None of any other file."""
    return (content[24], content[25]) if content[:8] == SIGNATURE and len(content) > 25 else None


def _size(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _filtered(packed: bytes, width: int, height: int) -> npt.NDArray[np.uint8] | None:
    """[H, W] by Pillow's decoder; None where the data are not those of the picture."""
    from PIL import Image

    image = Image.new("L", (width, height), _NOT_DECODED)
    try:
        image.frombytes(packed, "zip", "L")
    except (OSError, ValueError):
        return None
    values = np.asarray(image)
    # Left as it was, or a map that looks like it: the general way finds out.
    return None if (values[-1] == _NOT_DECODED).all() else values


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


def check_chunks(content: bytes, path: Path) -> None:
    """Raises DataError, naming ``path``, for a PNG that is damaged where Pillow does not look.

    That is a wrong checksum, a file that ends before its IEND, and a missing header or palette.
    What is no PNG at all is left to the reader of pixels.
    """
    if content[:8] == SIGNATURE:
        _pixel_data(content, path)


def check_rows(content: bytes, values: npt.NDArray[Any], path: Path) -> None:
    """Raises DataError where the pixel data of a PNG end early, which Pillow reads as zeros.

    Args:
        content: of the file; what is no PNG passes.
        values: [H, W] or [H, W, C] of Pillow. A last row that is not zero was in the file, so that
            the data are inflated again for few maps only.
        path: for the message.
    """
    interlaced = content[28:29] != b"\0"
    if content[:8] != SIGNATURE or (values[-1:].any() and not interlaced):
        return
    width, height = _size(content)
    bits = content[24] * _CHANNELS.get(content[25], 0)
    parts = _PASSES if interlaced else ((0, 0, 1, 1),)
    wanted = 0
    for column, row, across, down in parts:
        columns, rows = -(-(width - column) // across), -(-(height - row) // down)
        wanted += max(0, rows) * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    if not _inflates_to(_pixel_data(content, path), wanted):
        raise _damaged(path, "rows of pixels are missing")


def _inflates_to(packed: bytes, size: int) -> bool:
    """Whether there are so many bytes or more, found out in little memory."""
    inflate = zlib.decompressobj()
    try:
        while size > 0 and packed and not inflate.eof:
            size -= len(inflate.decompress(packed, _PART))
            packed = inflate.unconsumed_tail
    except zlib.error:
        return False
    return size <= 0


def _pixel_data(content: bytes, path: Path) -> bytes:
    """The joined IDAT chunks. Raises DataError as :func:`check_chunks`."""
    parts: list[bytes] = []
    kinds: set[bytes] = set()
    start = 8
    while b"IEND" not in kinds:
        length = int.from_bytes(content[start : start + 4], "big")
        kind = content[start + 4 : start + 8]
        end = start + 8 + length
        checksum = content[end : end + 4]
        if len(checksum) < 4:
            raise _damaged(path, "it breaks off before its end")
        if zlib.crc32(content[start + 4 : end]) != int.from_bytes(checksum, "big"):
            raise _damaged(path, "a checksum is wrong")
        if kind == b"IDAT":
            parts.append(content[start + 8 : end])
        kinds.add(kind)
        start = end + 4
    if content[12:16] != b"IHDR":
        raise _damaged(path, "it does not begin with its header")
    if content[25] == 3 and b"PLTE" not in kinds:
        raise _damaged(path, "it has no palette")
    return b"".join(parts)


def _damaged(path: Path, how: str) -> DataError:
    return DataError(
        f"Cannot read the label map {path}: it is damaged ({how}); make or download it anew."
    )
