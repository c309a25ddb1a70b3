"""Videos that are written can be read, keep rate and times, and never stand there half."""

from __future__ import annotations

import os
from fractions import Fraction
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


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """The file is always whole, and that of whoever was last."""
    path = tmp_path / "out.mp4"
    first, second = VideoWriter(path, 25), VideoWriter(path, 25)
    for index in range(6):
        first.write(picture(index))
        if index < 4:
            second.write(picture(index + 10, 32, 48))
    second.close()
    assert [frame.image.shape for frame in open_source(path)] == [(32, 48, 3)] * 4
    first.write(picture(6))
    first.close()
    frames = list(open_source(path))
    assert [frame.image.shape for frame in frames] == [(64, 96, 3)] * 7
    for frame in frames:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 6
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(64, 45), Fraction(1, 2), Fraction(1)])
def test_pixels_keep_their_shape(tmp_path: Path, aspect: Fraction) -> None:
    path = tmp_path / "wide.mp4"
    writer = VideoWriter(path, 25, pixel_aspect=aspect)
    writer.write(picture(0))
    writer.close()
    source = open_source(path)
    assert source.pixel_aspect == aspect and source.size == (64, 96)


@pytest.mark.parametrize("fps", [1e-9, 1e-3, 1e9, float("nan"), float("inf"), 0.0, -5.0, 1000.0])
def test_absurd_rates(tmp_path: Path, fps: float) -> None:
    writer = VideoWriter(tmp_path / "out.mp4", fps)
    for index in range(3):
        writer.write(picture(index))
    writer.close()
    times = [frame.time or 0.0 for frame in open_source(tmp_path / "out.mp4")]
    assert times[0] == 0 and times[0] < times[1] < times[2] < 1e4


@pytest.mark.parametrize(
    "times", [[0.0, 1e5, 2e5], [0.0, 1e300, 2e300], [5.0, float("nan"), float("inf")], [3, 2, 1]]
)
def test_absurd_times(tmp_path: Path, times: list[float]) -> None:
    writer = VideoWriter(tmp_path / "out.mp4", 25)
    for index, time in enumerate(times):
        writer.write(picture(index), time)
    writer.close()
    assert len(list(open_source(tmp_path / "out.mp4"))) == 3


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (16, 5)])
def test_tiny_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    writer = VideoWriter(tmp_path / "tiny.mp4", 25)
    writer.write(np.full((*size, 3), 200, dtype=np.uint8))
    writer.close()
    height, width = size
    source = open_source(tmp_path / "tiny.mp4")
    assert source.size == (height + height % 2, width + width % 2)
    assert np.abs(next(iter(source)).image.astype(int) - 200).max() <= 2


@pytest.mark.parametrize("name", ["run:1/a.mp4", "http:/a.mp4", "~a/%d.mp4", "a?b#c.mp4", "\udcff"])
def test_every_name_that_a_file_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    writer = VideoWriter(path, 25)
    writer.write(picture(0))
    writer.close()
    assert len(list(open_source(path))) == 1
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208
