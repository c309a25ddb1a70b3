"""Pictures are read as they are shown: upright, by the depth of the file, within the budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vidseg.errors import DataError, SourceError
from vidseg.pictures.listing import list_pictures, natural_order, split_ending
from vidseg.pictures.reading import picture_size, read_picture
from vidseg.video.source import open_source

SCENE = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)


@pytest.mark.parametrize("ending", ["png", "tiff", "webp"])
@pytest.mark.parametrize("way", range(1, 9))
def test_photographs_are_turned(tmp_path: Path, ending: str, way: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = way
    path = tmp_path / f"a.{ending}"
    Image.fromarray(SCENE).save(path, exif=exif, lossless=True)
    transposed = SCENE.swapaxes(0, 1)
    wanted = {
        1: SCENE,
        2: SCENE[:, ::-1],
        3: SCENE[::-1, ::-1],
        4: SCENE[::-1],
        5: transposed,
        6: transposed[:, ::-1],
        7: transposed[::-1, ::-1],
        8: transposed[::-1],
    }[way]
    assert np.array_equal(read_picture(path), wanted)
    assert picture_size(path) == wanted.shape[:2]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (np.array([[0, 5140, 65535]], np.uint16), [0, 20, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 30.2, 234]], np.float32), [0, 30, 234]),
        (np.array([[-1, np.nan, 1]], np.float32), [0, 0, 255]),
    ],
)
def test_depth_of_the_file_is_the_measure(
    tmp_path: Path, values: np.ndarray, shown: list[int]
) -> None:
    Image.fromarray(values).save(tmp_path / "a.tiff")
    assert read_picture(tmp_path / "a.tiff")[0, :, 0].tolist() == shown


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "tiff"])
def test_files_of_several_pictures_are_sequences(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    first, *others = [Image.new("RGB", (32, 16), (60 * k, 0, 0)) for k in range(4)]
    first.save(path, save_all=True, append_images=others, duration=80)
    with open_source(path) as source:
        frames = list(source)
    assert [int(frame.image[0, 0, 0]) // 50 for frame in frames] == [0, 1, 2, 3]
    times = [None] * 4 if ending == "tiff" else pytest.approx([0, 0.08, 0.16, 0.24])
    assert [frame.time for frame in frames] == times
    with pytest.raises(DataError, match="several pictures where one is wanted"):
        read_picture(path)


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_claimed_sizes_are_checked(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("P", (40, 40)).save(tmp_path / f"a.{ending}")
    monkeypatch.setenv("VIDSEG_MAX_PIXELS", "1000")
    with pytest.raises(SourceError, match="claims 40 x 40 pixels"):
        open_source(tmp_path / f"a.{ending}")


def test_damage_ends_in_one_sentence(tmp_path: Path) -> None:
    Image.fromarray(SCENE.repeat(30, 0)).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    for length in (0, 3, 40, len(whole) // 2):
        (tmp_path / "a.jpg").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"Cannot read the picture .*a\.jpg: .*\.$"):
            read_picture(tmp_path / "a.jpg")


def test_hidden_files_are_no_pictures(tmp_path: Path) -> None:
    for name in ("f10.JPG", "f2.jpeg", "._f2.jpeg", ".DS_Store", "Thumbs.db", "f03.Png", "notes"):
        (tmp_path / name).touch()
    assert [p.name for p in list_pictures(tmp_path)] == ["f2.jpeg", "f03.Png", "f10.JPG"]


@given(st.lists(st.text("ab1029.é٣ ", max_size=6), unique=True))
def test_natural_order_is_total(names: list[str]) -> None:
    ordered = sorted(names, key=natural_order)
    assert sorted(set(names), key=natural_order) == ordered


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_natural_order_is_that_of_numbers(a: int, b: int) -> None:
    assert (natural_order(f"v{a}x") < natural_order(f"v{b}x")) == (a < b)


def test_endings_are_kept() -> None:
    assert split_ending("shot.v1.final.jpeg") == ("shot.v1.final", ".jpeg")
    assert split_ending("IMG_1.JPG") == ("IMG_1", ".JPG")
    assert split_ending("shot.v1") == ("shot.v1", "")
