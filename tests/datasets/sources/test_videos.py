"""Every reader of a video benchmark finds in a tiny folder exactly what was written."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from vidseg.datasets.sources.base import SparseSource
from vidseg.datasets.sources.registry import ROWS, open_dataset, splits_of
from vidseg.errors import DataError
from vidseg.geometry.masks import decode_rle
from vidseg.labels import LabelSource

from ..layouts import layout_names, write_layout


def dataset_of(layout: str) -> str:
    return "vipseg" if layout == "vipseg_released" else layout


@pytest.mark.parametrize("layout", layout_names())
def test_finds_what_was_written(layout: str, tmp_path: Path) -> None:
    known = write_layout(layout, tmp_path, seed=3)
    source = open_dataset(dataset_of(layout), tmp_path)
    assert isinstance(source, LabelSource)
    assert isinstance(source, SparseSource)
    assert [video.name for video in source.videos] == list(known)
    numbers = {category.id for category in source.categories}
    for number, (info, video) in enumerate(zip(source.videos, known.values(), strict=True)):
        assert info.frames == video.frames
        tracks = {track.id: track for track in source.tracks(number)}
        assert {id: track.category_id for id, track in tracks.items()} == video.categories
        assert {id for id, track in tracks.items() if track.is_crowd} == video.crowds
        assert list(tracks) == sorted(tracks)
        assert {k for k in video.categories.values() if k is not None} <= numbers
        assert source.sentences(number) == video.sentences
        assert source.labelled(number) == tuple(frame in video.masks for frame in info.frames)
        for place, frame in enumerate(info.frames):
            assert info.size in (None, (24, 32))
            assert source.picture(number, place).shape == (24, 32, 3)
            labels = source.labels(number, place)
            assert labels is not None and labels.size == (24, 32)
            assert set(labels.masks) == set(video.masks[frame])
            for id, mask in video.masks[frame].items():
                np.testing.assert_array_equal(decode_rle(labels.masks[id]), mask)
            assert (labels.void is None) == (frame not in video.void)
            if labels.void is not None:
                np.testing.assert_array_equal(decode_rle(labels.void), video.void[frame])


LISTED = {
    **dict.fromkeys(("davis2016", "davis2017", "davis2017_unsup", "vspw", "vspw_mapped"), "val"),
    **dict.fromkeys(("vipseg", "vipseg_released"), "val"),
    "ref_davis": "valid",
}
"""Layouts with lists of videos, and the split of the second video; the first is in train."""

ONLY = {"kitti_step": "val", "burst": "val", "viposeg": "valid"}
"""The split that other layouts are of, where it is not train."""


@pytest.mark.parametrize("layout", layout_names())
def test_a_split_holds_its_videos(layout: str, tmp_path: Path) -> None:
    known = list(write_layout(layout, tmp_path))
    name = dataset_of(layout)
    wanted = {ONLY.get(layout, "train"): known}
    if layout in LISTED:
        wanted = {"train": known[:1], LISTED[layout]: known[1:]}
    for split in splits_of(name):
        if split in wanted:
            videos = open_dataset(name, tmp_path, split).videos
            assert [video.name for video in videos] == wanted[split]
        else:
            with pytest.raises(DataError, match=str(tmp_path)):
                open_dataset(name, tmp_path, split)


@pytest.mark.parametrize("name", ROWS)
def test_the_table_agrees_with_the_modules(name: str) -> None:
    module = import_module(f"vidseg.datasets.sources.{ROWS[name].module}")
    assert callable(getattr(module, ROWS[name].opener))


def test_opening_imports_one_reader_and_no_torch(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    program = (
        "import sys; from vidseg.datasets.sources.registry import open_dataset; "
        f"source = open_dataset('mose', {str(tmp_path)!r}); source.labels(0, 0); "
        "loaded = [m for m in sys.modules if m.startswith('vidseg.datasets.sources')]; "
        "assert 'vidseg.datasets.sources.ytvis' not in loaded, loaded; "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_opening_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("decoded on opening")

    for layout in layout_names():
        write_layout(layout, tmp_path / layout)
    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr("vidseg.pictures.flat_png.read_flat_png", refuse)
    for layout in layout_names():
        assert len(open_dataset(dataset_of(layout), tmp_path / layout).videos) == 2


def test_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Did you mean 'davis2017'"):
        open_dataset("davis2018", tmp_path)
    with pytest.raises(DataError, match=r"no split 'valid'; it has train, val"):
        open_dataset("vspw", tmp_path, "valid")
    with pytest.raises(DataError, match="no folder"):
        open_dataset("vspw", tmp_path / "nowhere")


@pytest.mark.parametrize("name", [name for name in layout_names() if name in ROWS])
def test_an_empty_folder_is_no_dataset(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        open_dataset(name, tmp_path)
