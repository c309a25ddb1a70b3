"""Small videos that the tests draw themselves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vidseg.types import ImageArray


def picture(index: int, height: int = 64, width: int = 96) -> ImageArray:
    """Faint noise with a white bar at column ``2 * index`` and a red top left corner."""
    noise = np.random.default_rng(index).integers(50, 70, (height, width, 3))
    image = noise.astype(np.uint8)
    image[:, 2 * index : 2 * index + 12] = 255
    image[:16, :16] = (255, 0, 0)
    return image


def write_clip(
    path: Path,
    frames: int = 12,
    *,
    fps: int = 25,
    size: tuple[int, int] = (64, 96),
    times: list[float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encodes pictures as H.264; ``times`` gives each its own second."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 6
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        container.start_encoding()  # so that a clip without frames is a file as well
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, *size), format="rgb24")
            if times is not None:
                frame.time_base = Fraction(1, 1000)
                frame.pts = round(times[index] * 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn_quarter(path: Path) -> None:
    """Marks an mp4 as filmed with the camera held upright: shown turned by 90 degrees."""

    def matrix(a: int, b: int, c: int, d: int) -> bytes:
        values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        return b"".join(value.to_bytes(4, "big", signed=True) for value in values)

    data = path.read_bytes()
    track = data.index(b"tkhd")
    place = data.index(matrix(1, 0, 0, 1), track)
    path.write_bytes(data[:place] + matrix(0, 1, -1, 0) + data[place + 36 :])
