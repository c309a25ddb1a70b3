"""Label Studio's run lengths of brush strokes.

A bit stream, highest bit first, as a list of bytes: 32 bits number of values; 5 bits word size - 1;
four times 4 bits length size - 1; then blocks of 1 bit kind, 2 bits which length size, the length -
1 in that many bits, and one word that repeats (kind 1) or so many words (kind 0). The values are
the RGBA bytes of the picture row by row; alpha says what is painted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...types import MaskArray

_WORD = 8
_SIZES = (3, 4, 8, 16)
_LONGEST = 1 << _SIZES[-1]


def encode_brush(mask: MaskArray) -> list[int]:
    """The bytes of a [H, W] bool mask; painted pixels are 255 in all four channels."""
    flat = mask.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate([[0], edges])
    lengths = 4 * np.diff(np.concatenate([starts, [len(flat)]]))
    bits = [f"{4 * len(flat):032b}", f"{_WORD - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        word = "11111111" if flat[start] else "00000000"
        left = length
        while left:
            run = min(left, _LONGEST)
            which = next(k for k, size in enumerate(_SIZES) if run <= 1 << size)
            bits.append(f"1{which:02b}{run - 1:0{_SIZES[which]}b}{word}")
            left -= run
    stream = "".join(bits)
    stream += "0" * (-len(stream) % 8)
    return list(int(stream, 2).to_bytes(len(stream) // 8, "big"))


def decode_brush(rle: Any, size: tuple[int, int]) -> MaskArray:
    """[H, W] bool mask of painted pixels.

    Raises ValueError where the bytes are damaged or of a picture of another size.
    """
    count = size[0] * size[1]
    if not isinstance(rle, list) or not all(type(byte) is int and 0 <= byte < 256 for byte in rle):
        raise ValueError("the brush strokes are no list of bytes")
    data = bytes(rle)
    stream = "".join(f"{byte:08b}" for byte in data)
    if len(stream) < 53 or int(stream[:32], 2) != 4 * count:
        raise ValueError(f"the brush strokes do not fill {size[0]} × {size[1]} (height × width)")
    word = int(stream[32:37], 2) + 1
    sizes = [int(stream[37 + 4 * k : 41 + 4 * k], 2) + 1 for k in range(4)]
    values = np.zeros(4 * count, dtype=np.uint8 if word <= 8 else np.uint32)
    at, filled = 53, 0
    while filled < 4 * count:
        width = sizes[int(stream[at + 1 : at + 3] or "0", 2)]
        length = int(stream[at + 3 : at + 3 + width] or "0", 2) + 1
        begin = at + 3 + width
        repeats = stream[at : at + 1] == "1"
        at = begin + word * (1 if repeats else length)
        if at > len(stream) or filled + length > 4 * count:
            raise ValueError("the brush strokes are damaged")
        if repeats:
            values[filled : filled + length] = int(stream[begin:at], 2)
        else:
            values[filled : filled + length] = _words(stream[begin:at], word)
        filled += length
    return np.asarray(values.reshape(*size, 4)[..., 3] != 0)


def _words(bits: str, word: int) -> npt.NDArray[np.uint32]:
    return np.array([int(bits[k : k + word], 2) for k in range(0, len(bits), word)], np.uint32)
