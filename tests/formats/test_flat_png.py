"""The quick decoder takes what it knows, leaves the rest, and refuses damage."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.formats.flat_png import read_flat_png
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


@pytest.mark.parametrize("form", [{"palette": False}, {"bits": 2}])
def test_other_forms_are_left_to_pillow(tmp_path: Path, form: dict[str, Any]) -> None:
    write(tmp_path / "a.png", **form)
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
