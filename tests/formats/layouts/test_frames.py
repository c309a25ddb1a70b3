"""Folders of frames with what does not belong there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vidseg.errors import DataError
from vidseg.formats.layouts.frames import frame_files
from vidseg.formats.layouts.places import subfolders
from vidseg.formats.layouts.problems import Findings


def test_links(tmp_path: Path) -> None:
    """A link to a picture is a frame; so is one to itself, which reading refuses."""
    folder = tmp_path / "v"
    (tmp_path / "other").mkdir()
    folder.mkdir()
    (tmp_path / "a.png").touch()
    for name, target in {"0": "../a.png", "1": "1.png", "2": "../other"}.items():
        (folder / f"{name}.png").symlink_to(target)
    findings = Findings()
    assert list(frame_files(folder, problems=findings)) == ["0", "1"]
    assert [finding.file for finding in findings] == [str(folder / "2.png")]


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    findings = Findings()
    assert frame_files(tmp_path, problems=findings) == {}
    sentence = f"{tmp_path} cannot be listed: Permission denied."
    assert [finding.sentence for finding in findings] == [sentence]
    for read in (frame_files, subfolders):
        with pytest.raises(DataError) as told:
            read(tmp_path)
        assert str(told.value) == sentence


def test_frames_are_in_natural_order_and_keep_their_dots(tmp_path: Path) -> None:
    names = ("frame10.jpg", "frame2.JPG", "frame1.v2.jpeg", "frame1.png")
    for name in (*names, "._frame3.jpg", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).touch()
    found = frame_files(tmp_path)
    assert list(found) == ["frame1", "frame1.v2", "frame2", "frame10"]
    assert {path.name for path in found.values()} == set(names)
