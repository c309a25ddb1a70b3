"""Videos that are written can be read, keep rate and times, and never stand there half."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from vidseg.errors import OutputError
from vidseg.video.source import open_source
from vidseg.video.writer import VideoWriter

from .clips import picture


@pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 12.5])
def test_round_trip_keeps_pictures_and_rate(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "out.mp4"
    writer = VideoWriter(path, fps)
    for index in range(10):
        writer.write(picture(index))
        assert not path.exists(), "the name appears only when the file is whole"
    writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]
    source = open_source(path)
    assert source.fps == pytest.approx(fps, rel=1e-3)
    frames = list(source)
    assert len(frames) == 10
    for frame in frames:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 6


def test_codec_pixel_format_and_even_size(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    writer = VideoWriter(path, 25)
    writer.write(picture(0, 63, 95))
    writer.close()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.pix_fmt == "yuv420p"
        assert (stream.height, stream.width) == (64, 96)


def test_times_are_kept(tmp_path: Path) -> None:
    times = [2.0, 2.04, 2.3, 2.31, 2.9]
    writer = VideoWriter(tmp_path / "vfr.mp4", 25)
    for index, time in enumerate(times):
        writer.write(picture(index), time)
    writer.close()
    read = [frame.time for frame in open_source(tmp_path / "vfr.mp4")]
    assert read == pytest.approx([time - 2.0 for time in times], abs=1e-3)


def test_nothing_is_left_without_a_picture(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "none.mp4", 25)
    writer.close()
    writer.close()
    assert not list(tmp_path.iterdir())


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"missing.out\.mp4"):
        VideoWriter(tmp_path / "missing" / "out.mp4").write(picture(0))
    writer = VideoWriter(tmp_path / "out.mp4")
    writer.write(picture(0))
    with pytest.raises(OutputError, match="one size"):
        writer.write(picture(0, 32, 32))
    writer.close()
