"""Colours come out as they went in, by the matrix and the range that are told or usual."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from vidseg.video.source import open_source
from vidseg.video.writer import VideoWriter

from .clips import write_flat

COLORS = [(200, 40, 60), (30, 180, 40), (20, 60, 210), (128, 128, 128), (255, 255, 255), (0, 0, 0)]
SD, HD, PORTRAIT = (64, 96), (720, 1280), (640, 360)


def read(path: Path) -> np.ndarray:
    frame = next(iter(open_source(path)))
    assert np.ptp(frame.image.reshape(-1, 3).astype(int), axis=0).max() <= 2
    return np.asarray(np.median(frame.image, axis=(0, 1)))


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize(
    ("pix_fmt", "matrix", "full", "size"),
    [
        ("yuv420p", 5, False, SD),
        ("yuv420p", 1, False, SD),
        ("yuv420p", 9, False, SD),
        ("yuv420p", None, False, SD),
        ("yuv420p", None, False, HD),
        ("yuv420p", None, False, PORTRAIT),
        ("yuv420p", 5, False, HD),
        ("yuv420p", 1, True, SD),
        ("yuv444p", 5, True, SD),
        ("yuv420p10le", 9, False, SD),
        ("yuv444p12le", 1, False, SD),
        ("yuva420p", 5, False, SD),
    ],
)
def test_yuv(
    tmp_path: Path,
    color: tuple[int, int, int],
    pix_fmt: str,
    matrix: int | None,
    full: bool,
    size: tuple[int, int],
) -> None:
    path = tmp_path / "flat.mkv"
    write_flat(path, color, size=size, pix_fmt=pix_fmt, matrix=matrix, full=full)
    assert np.abs(read(path) - color).max() <= 3  # swscale's quick way costs 1 beside rounding


@pytest.mark.parametrize("pix_fmt", ["bgr0", "bgra", "gbrp10le", "gbrp12le"])
def test_rgb(tmp_path: Path, pix_fmt: str) -> None:
    path = tmp_path / "flat.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, pix_fmt
        image = np.full((64, 96, 3), (200, 40, 60), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert np.abs(read(path) - (200, 40, 60)).max() <= 1


@pytest.mark.parametrize(("full", "level"), [(True, 126), (False, 128)])
def test_grey(tmp_path: Path, full: bool, level: int) -> None:
    path = tmp_path / "grey.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "gray"
        stream.codec_context.color_range = 2 if full else 1
        frame = av.VideoFrame.from_ndarray(np.full((64, 96), 126, dtype=np.uint8), format="gray")
        frame.color_range = 2 if full else 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert read(path).tolist() == [level] * 3


@pytest.mark.parametrize("matrix", [3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 200])
def test_unknown_matrices_are_read_as_usual_and_told(tmp_path: Path, matrix: int) -> None:
    path = write_flat(tmp_path / "flat.mkv", (200, 40, 60), size=SD, codec="libx264", matrix=5)
    data = path.read_bytes()
    element = b"\x55\xb1\x81"  # MatrixCoefficients of Matroska, one byte
    place = data.index(element) + 3
    assert data[place] == 5
    path.write_bytes(data[:place] + bytes([matrix]) + data[place + 1 :])
    source = open_source(path)
    frame = next(iter(source))
    assert np.abs(np.median(frame.image, axis=(0, 1)) - (200, 40, 60)).max() <= 3
    assert len(source.notes()) <= 1


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize(
    ("size", "numbers"), [(HD, (1, 1, 1)), (SD, (6, 6, 6)), ((63, 95), (6, 6, 6))]
)
def test_overlays_are_coded_as_they_are_tagged(
    tmp_path: Path, color: tuple[int, int, int], size: tuple[int, int], numbers: tuple[int, ...]
) -> None:
    path = tmp_path / "overlay.mp4"
    writer = VideoWriter(path, 25)
    for _ in range(2):
        writer.write(np.full((*size, 3), color, dtype=np.uint8))
    writer.close()
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        told = (context.color_primaries, context.color_trc, context.colorspace)
        assert told == numbers and context.color_range == 1
        frame = next(container.decode(video=0))
        luma, blue, red = (float(bytes(plane)[0]) for plane in frame.planes)
    assert np.abs(decoded(luma, blue, red, matrix=numbers[2]) - color).max() <= 2
    assert np.abs(read(path) - color).max() <= 3


def decoded(luma: float, blue: float, red: float, *, matrix: int) -> np.ndarray:
    """RGB of limited-range YCbCr by the definition of BT.709 (1) or BT.601 (6)."""
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}[matrix]
    y, u, v = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.asarray(np.clip(np.array([r, g, b]) * 255, 0, 255))
