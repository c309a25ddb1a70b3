"""Small videos that the tests draw themselves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

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
    key_frames: int = 6,
) -> Path:
    """Encodes pictures as H.264, each ``key_frames``-th on its own.

    ``times`` gives each its own second.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = key_frames
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


def set_matrix(path: Path, a: float, b: float, c: float, d: float) -> None:
    """Gives an mp4 a display matrix: a stored point (p, q) is shown at (a p + c q, b p + d q)."""

    def matrix(a: float, b: float, c: float, d: float) -> bytes:
        parts = (a, b, 0.0, c, d, 0.0, 0.0, 0.0)
        values = [*(round(part * 65536) for part in parts), 1 << 30]
        return b"".join(value.to_bytes(4, "big", signed=True) for value in values)

    data = path.read_bytes()
    track = data.index(b"tkhd")
    place = data.index(matrix(1, 0, 0, 1), track)
    path.write_bytes(data[:place] + matrix(a, b, c, d) + data[place + 36 :])


def turn_quarter(path: Path) -> None:
    """Marks an mp4 as filmed with the camera held upright: shown turned by 90 degrees."""
    set_matrix(path, 0, 1, -1, 0)


def packet_places(path: Path) -> list[tuple[int, int]]:
    """(position, size) in bytes of every video packet of a file."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        return [(int(packet.pos or 0), packet.size) for packet in packets]


def damage(path: Path, *numbers: int) -> Path:
    """Overwrites these packets of a file with what no decoder takes."""
    data = bytearray(path.read_bytes())
    places = packet_places(path)
    for number in numbers:
        position, size = places[number]
        data[position : position + size] = b"\xff" * size
    path.write_bytes(data)
    return path


def write_flat(
    path: Path,
    color: tuple[int, int, int],
    *,
    size: tuple[int, int],
    pix_fmt: str = "yuv420p",
    matrix: int | None = None,
    full: bool = False,
    codec: str = "ffv1",
) -> Path:
    """One frame of one colour, coded by a matrix of swscale and tagged with it; None: untagged."""
    height, width = size
    image = np.full((height, width, 3), color, dtype=np.uint8)
    is_hd = width >= 1280 or height > 576
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format=pix_fmt,
        dst_colorspace=(1 if is_hd else 5) if matrix is None else matrix,
        src_color_range=2,
        dst_color_range=2 if full else 1,
    )
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = height, width, pix_fmt
        stream.codec_context.colorspace = 2 if matrix is None else matrix
        stream.codec_context.color_range = 2 if full else 1
        frame.colorspace = 2 if matrix is None else matrix
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tone(begin: float, seconds: float, rate: int = 48000) -> np.ndarray:
    """[samples] float32: silence up to ``begin`` seconds, then a tone of 1 kHz."""
    times = np.arange(round(seconds * rate)) / rate
    return np.where(times >= begin, np.sin(2000 * np.pi * times) / 2, 0).astype(np.float32)


def write_with_sound(
    path: Path,
    frames: int = 50,
    *,
    begin: float = 1.0,
    codec: str = "aac",
    rate: int = 48000,
    pixel_aspect: Fraction = Fraction(1),
) -> Path:
    """A clip at 25 frames/s that is black up to ``begin`` and white from then on, with a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 64, 96, "yuv420p"
        video.codec_context.sample_aspect_ratio = pixel_aspect
        audio: Any = container.add_stream(codec, rate=rate)
        audio.codec_context.layout = "mono"
        samples = tone(begin, frames / 25, rate)
        pieces = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        pieces.sample_rate, pieces.pts = rate, 0
        resampler = av.AudioResampler(
            format=audio.codec_context.format.name, layout="mono", rate=rate
        )
        fifo = av.AudioFifo()
        for piece in [*resampler.resample(pieces), *resampler.resample(None)]:
            fifo.write(piece)
        while part := fifo.read(1024, partial=True):
            container.mux(audio.encode(part))
        container.mux(audio.encode(None))
        for index in range(frames):
            level = 255 if index / 25 >= begin else 0
            image = np.full((64, 96, 3), level, dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(video.encode(None))
    return path


def sound_of(path: Path) -> tuple[np.ndarray, int, float]:
    """([samples], rate, begin) of the first channel; ``begin`` on the clock of the container."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray()[0].astype(np.float64) for frame in frames])
    return samples, frames[0].sample_rate, float(frames[0].time or 0.0)
