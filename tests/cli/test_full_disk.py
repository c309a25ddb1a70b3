"""A disk that takes no more: one sentence, exit 2, and what is visible is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vidseg.cli import running
from vidseg.cli.main import main

from ..video.clips import write_clip
from . import stub
from .test_kills import check_whole, convert_job, hidden, visible

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of files")


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Files cannot grow beyond ``size`` bytes; Python ignores the signal that comes along."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("formats", "size", "said"),
    [
        ("overlay", 100, "out/overlay.mp4 cannot be written: file too large."),
        ("overlay", 2000, "out/overlay.mp4 cannot be written: file too large."),
        ("png", 100, "out/png/00000.png cannot be written: File too large."),
        ("ytvis", 100, "Temporary files cannot be kept: File too large."),
        ("ytvis", 1000, "File too large."),
        ("panoptic", 150, "out/panoptic/00000.png cannot be written: File too large."),
        ("panoptic", 1000, "Temporary files cannot be kept: File too large."),
        ("overlay,png,ytvis,panoptic", 2000, "ile too large."),
    ],
)
def test_results_of_a_video(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    formats: str,
    size: int,
    said: str,
) -> None:
    monkeypatch.setattr(running, "load_segmenter", stub.load)
    clip = write_clip(tmp_path / "clip.mp4", 12)
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vos", "--point", "1,1", "--out", str(out)]
    with files_end_at(size):
        code = main([*words, "--save", formats])
    told = capsys.readouterr()
    assert code == 2 and told.out == ""
    assert told.err.count("\n") == 1 and said in told.err, told.err
    assert hidden(tmp_path) == []
    for path in visible(out):
        check_whole(path)
    assert not (out / "overlay.mp4").exists() and not (out / "panoptic.json").exists()


def test_converted_labels_are_told_by_the_name_that_they_would_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = convert_job(tmp_path)
    with files_end_at(500):
        assert main(job.words) == 2
    assert capsys.readouterr().err == (
        f"vidseg: {job.out / 'panoptic' / '000001.png'} cannot be written: File too large.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["coco.json"]
