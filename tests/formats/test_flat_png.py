"""The quick decoder takes what it knows, leaves the rest, and refuses damage."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.formats.flat_png import SIGNATURE, read_flat_png
from vidseg.formats.reading import read_small_label_map

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, (12, 16)).repeat(5, axis=0).repeat(7, axis=1).astype(np.uint8)


def write(path: Path, palette: bool = True, **options: Any) -> bytes:
    image = Image.fromarray(LABELS)
    if palette:
        image.putpalette(bytes(range(256)) * 3)
    content = io.BytesIO()
    image.save(content, "PNG", **options)
    path.write_bytes(content.getvalue())
    return content.getvalue()


def test_palette_maps_are_read_quickly(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    found = read_flat_png((tmp_path / "a.png").read_bytes(), tmp_path / "a.png")
    assert found is not None
    assert (found == LABELS).all()


@pytest.mark.parametrize("colour", [0, 3])
def test_filtered_rows_are_read_quickly(tmp_path: Path, colour: int) -> None:
    # By hand: unfiltered, left, up, mean of both, Paeth (above left 9, left 9, above 12: 12).
    rows = [[0, 1, 2, 3], [1, 5, 1, 1], [2, 1, 2, 3], [3, 6, 255, 1], [4, 0, 0, 3]]
    want = [[1, 2, 3], [5, 6, 7], [6, 8, 10], [9, 7, 9], [9, 7, 12]]
    found = read_flat_png(by_hand(colour, 3, 5, rows), tmp_path / "a.png")
    assert found is not None
    assert found.tolist() == want


@pytest.mark.parametrize("colour", [0, 3])
def test_a_filter_that_does_not_exist(tmp_path: Path, colour: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(by_hand(colour, 2, 2, [[0, 1, 1], [7, 1, 1]]))
    assert read_flat_png(path.read_bytes(), path) is None
    with pytest.raises(DataError, match=r"Cannot read the label map .*a\.png"):
        read_small_label_map(path)


def by_hand(colour: int, width: int, height: int, rows: list[list[int]]) -> bytes:
    """A PNG of rows that begin with the kind of their filter."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    pixels = zlib.compress(bytes(value for row in rows for value in row))
    chunks = [(b"IHDR", header), (b"PLTE", bytes(48)), (b"IDAT", pixels), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return SIGNATURE + b"".join(packed)


def test_other_forms_are_left_to_pillow(tmp_path: Path) -> None:
    write(tmp_path / "a.png", bits=2)
    assert read_flat_png((tmp_path / "a.png").read_bytes(), tmp_path / "a.png") is None
    assert (read_small_label_map(tmp_path / "a.png") == LABELS).all()


def test_no_damaged_map_is_read_as_another(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for palette in (True, False):
        content = write(path, palette)
        cuts = [content[:place] for place in range(0, len(content), 7)]
        flips = [
            content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :]
            for place in range(0, len(content), 3)
        ]
        refused = 0
        for damaged in (*cuts, *flips):
            path.write_bytes(damaged)
            try:
                found = read_small_label_map(path)
            except DataError as error:
                refused += str(error).startswith(f"Cannot read the label map {path}")
            else:  # behind the last pixel, or in a length that nobody needs
                assert (found == LABELS).all()
        assert refused > 0.95 * len([*cuts, *flips])


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read the label map .*none\.png"):
        read_small_label_map(tmp_path / "none.png")
