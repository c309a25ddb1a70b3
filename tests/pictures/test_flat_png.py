"""The quick decoder takes what it knows, leaves the rest, and refuses damage."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vidseg.datasets.checks.pictures import read_label_file
from vidseg.errors import DataError
from vidseg.pictures.flat_png import SIGNATURE, read_flat_png
from vidseg.pictures.label_maps import (
    read_label_map,
    read_rgb_ids,
    read_rgb_values,
    read_small_label_map,
)

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


def png(
    bits: int,
    colour: int,
    pixels: bytes,
    size: tuple[int, int] = (13, 11),
    *,
    interlaced: bool = False,
    without: bytes = b"",
    packed: bytes | None = None,
) -> bytes:
    """A PNG with right checksums, whatever its pixel data are."""
    header = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, interlaced)
    chunks = [
        (b"IHDR", header),
        *([(b"PLTE", bytes(3 << bits))] if colour == 3 else []),
        (b"IDAT", zlib.compress(pixels) if packed is None else packed),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
        if kind != without
    )


# bits, colour type, bytes of a row of 13 pixels without its filter byte
FORMS = {
    "grey 1": (1, 0, 2),
    "grey 8": (8, 0, 13),
    "grey 16": (16, 0, 26),
    "palette 1": (1, 3, 2),
    "palette 2": (2, 3, 4),
    "palette 4": (4, 3, 7),
    "palette 8": (8, 3, 13),
    "RGB": (8, 2, 39),
    "RGBA": (8, 6, 52),
}
READERS: dict[str, Callable[[Path], npt.NDArray[Any]]] = {
    "small": read_small_label_map,
    "any": read_label_map,
    "ids": read_rgb_ids,
    "values": read_rgb_values,
    "checked": lambda path: read_label_file(path)[1],
}


def readers(form: str) -> list[str]:
    return {
        "grey 16": ["any", "checked"],
        "RGB": ["ids", "values", "checked"],
        "RGBA": ["checked"],
    }.get(form, ["small", "any", "checked"])


@pytest.mark.parametrize("filter_kind", [0, 2])
@pytest.mark.parametrize("filled", [0, 17, 253])
@pytest.mark.parametrize("form", FORMS)
def test_missing_rows_are_no_zeros(
    tmp_path: Path, form: str, filled: int, filter_kind: int
) -> None:
    bits, colour, width = FORMS[form]
    path = tmp_path / "a.png"
    # Filter 2 takes the row above as its guess, so that all rows equal the first.
    rows = bytes([0, *[filled] * width]) + bytes(
        [filter_kind, *[0 if filter_kind else filled] * width] * 10
    )
    for name in readers(form):
        read = READERS[name]
        for pixels in (rows, rows + b"more", rows + rows):
            path.write_bytes(png(bits, colour, pixels))
            values = read(path)
            assert (values == values[:1]).all()
            assert bool(values.any()) == bool(filled)
        # Rows of 11: all but the last, five, the last one half there, none at all.
        for short in (10 * (width + 1), 5 * (width + 1), len(rows) - 1, 0):
            path.write_bytes(png(bits, colour, rows[:short]))
            with pytest.raises(DataError, match=r"a\.png") as error:
                read(path)
            assert str(error.value).count(". ") == 0


@pytest.mark.parametrize("form", FORMS)
def test_pixel_data_cut_off_inside_a_whole_chunk(tmp_path: Path, form: str) -> None:
    bits, colour, width = FORMS[form]
    pixels = np.random.default_rng(1).integers(0, 256, (11, width + 1)).astype(np.uint8)
    pixels[:, 0] = 0
    packed = zlib.compress(pixels.tobytes())
    path = tmp_path / "a.png"
    for share in (0.0, 0.3, 0.6, 0.8):  # the last bytes are a checksum
        path.write_bytes(png(bits, colour, b"", packed=packed[: int(share * len(packed))]))
        for name in readers(form):
            with pytest.raises(DataError, match=r"a\.png"):
                READERS[name](path)


@pytest.mark.parametrize("form", FORMS)
def test_without_its_end_or_palette(tmp_path: Path, form: str) -> None:
    bits, colour, width = FORMS[form]
    path = tmp_path / "a.png"
    cases = {b"IEND": r"a\.png: it is damaged \(it breaks off before its end\)"}
    if colour == 3:
        cases[b"PLTE"] = r"a\.png: it is damaged \(it has no palette\)"
    for without, words in cases.items():
        path.write_bytes(png(bits, colour, bytes(11 * (width + 1)), without=without))
        for name in readers(form):
            with pytest.raises(DataError, match=words):
                READERS[name](path)


def test_interlaced_rows(tmp_path: Path) -> None:
    # 5 x 3 pixels by the seven passes: 1 pixel; 1 (column 4); none (row 4); columns 2 of row 0;
    # row 2, columns 0, 2, 4; rows 0 and 2, columns 1, 3; row 1. Each row has a filter byte.
    passes = [[[1]], [[5]], [], [[3]], [[11, 13, 15]], [[2, 4], [12, 14]], [[6, 7, 8, 9, 10]]]
    pixels = b"".join(bytes([0, *row]) for rows in passes for row in rows)
    want = np.arange(1, 16).reshape(3, 5)
    path = tmp_path / "a.png"
    for colour in (0, 3):
        path.write_bytes(png(8, colour, pixels, (5, 3), interlaced=True))
        assert (read_small_label_map(path) == want).all()
        assert (read_label_map(path) == want).all()
        for short in (len(pixels) - 6, len(pixels) - 9, 2):
            path.write_bytes(png(8, colour, pixels[:short], (5, 3), interlaced=True))
            for name in ("small", "any", "checked"):
                with pytest.raises(DataError, match=r"a\.png"):
                    READERS[name](path)
