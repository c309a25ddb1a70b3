"""Folders of frames with what does not belong there."""

from __future__ import annotations

from pathlib import Path

from vidseg.formats.layouts.frames import frame_files
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
