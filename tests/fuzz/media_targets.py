"""Pictures and label maps of every file type, and videos of every container."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from vidseg.cli.prompt_arguments import parse_mask
from vidseg.pictures import label_maps, reading
from vidseg.video.source import open_source

from ..video.clips import picture, write_clip, write_with_sound
from .runner import Step, Target

_GREY = np.arange(192, dtype=np.uint8).reshape(12, 16)
_IDS = np.repeat(np.arange(4, dtype=np.uint8), 48).reshape(12, 16)
_FRAMES = [Image.fromarray(picture(n, 12, 16)) for n in range(3)]
_ALL = {"save_all": True, "append_images": _FRAMES[1:]}


def media_targets() -> list[Target]:
    """One a file type."""
    pictures = [
        Target(f"picture {name}", partial(_save, image, name, options), _picture_steps(name))
        for name, (image, options) in _PICTURES.items()
    ]
    maps = [
        Target(
            f"map {name}",
            partial(_save, image, name, {}),
            {step: _MAP_STEPS[step] for step in steps},
        )
        for name, (image, steps) in _MAPS.items()
    ]
    videos = [
        Target(f"video {name}", partial(_write, write, name), {"play": _play, "read on": _play_on})
        for name, write in _VIDEOS.items()
    ]
    return [*pictures, *maps, *videos]


def _picture_steps(name: str) -> dict[str, Step]:
    steps: dict[str, Step] = {"play": _play}
    if name.startswith(("moving", "pages")):
        return steps  # a video; where one picture is wanted it is refused
    steps |= {"read": _reading(reading.read_picture), "size": _reading(reading.picture_size)}
    return {**steps, "play folder": _play_folder}


def _save(image: Image.Image, name: str, options: dict[str, Any], folder: Path) -> None:
    image.save(folder / name, **options)


def _only(folder: Path) -> Path:
    """The picture, or the folder where it is gone."""
    return min((path for path in folder.iterdir() if path.name[0] != "."), default=folder)


def _reading(read: Callable[[Path], object]) -> Step:
    return lambda folder, out: read(_only(folder))


def _play(folder: Path, out: Path) -> None:
    """Every frame of the file."""
    with open_source(_only(folder)) as source:
        for frame in source:
            assert frame.image.ndim == 3
        source.notes()


def _play_on(folder: Path, out: Path) -> None:
    """A part of the frames, twice."""
    with open_source(_only(folder), start=1, stop=3) as source:
        assert [frame.index for frame in source] == [frame.index for frame in source]


def _play_folder(folder: Path, out: Path) -> None:
    with open_source(folder) as source:
        assert all(frame.image.ndim == 3 for frame in source)


_turned = Image.Exif()
_turned[0x112] = 6
_PICTURES: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "rgb.png": (_FRAMES[0], {}),
    "grey16.png": (Image.fromarray(_GREY.astype(np.uint16) * 200), {}),
    "palette.png": (_FRAMES[0].quantize(16), {}),
    "alpha.png": (Image.fromarray(np.dstack([np.asarray(_FRAMES[0]), _GREY])), {}),
    "moving.png": (_FRAMES[0], _ALL),
    "rgb.jpg": (_FRAMES[0], {}),
    "turned.jpg": (_FRAMES[0], {"exif": _turned}),
    "cmyk.jpg": (_FRAMES[0].convert("CMYK"), {}),
    "moving.gif": (_FRAMES[0], _ALL),
    "moving.webp": (_FRAMES[0], _ALL),
    "rgb.tif": (_FRAMES[0], {}),
    "packed.tif": (_FRAMES[0], {"compression": "tiff_lzw"}),
    "pages.tiff": (_FRAMES[0], _ALL),
    "float.tif": (Image.fromarray(_GREY.astype(np.float32)), {}),
    "rgb.bmp": (_FRAMES[0], {}),
    "rgb.ppm": (_FRAMES[0], {}),
}
_PLAIN = ("small", "map", "mask")
_MAPS: dict[str, tuple[Image.Image, tuple[str, ...]]] = {
    "grey.png": (Image.fromarray(_IDS), _PLAIN),
    "palette.png": (Image.fromarray(_IDS).convert("P"), _PLAIN),
    "bits.png": (Image.fromarray(_IDS > 1), _PLAIN),
    "grey16.png": (Image.fromarray(_IDS.astype(np.uint16) * 1000), ("map", "mask")),
    "rgb.png": (Image.fromarray(np.dstack([_IDS, _IDS, _IDS])), ("rgb ids", "rgb values")),
}
_MAP_STEPS: dict[str, Step] = {
    "small": _reading(label_maps.read_small_label_map),
    "map": _reading(label_maps.read_label_map),
    "rgb ids": _reading(label_maps.read_rgb_ids),
    "rgb values": _reading(label_maps.read_rgb_values),
    "mask": _reading(lambda path: parse_mask(str(path))),
}


def _write(write: Callable[[Path], object], name: str, folder: Path) -> None:
    write(folder / name)


def _encode(codec: Any, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width = 64, 96
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


_VIDEOS: dict[str, Callable[[Path], object]] = {
    "h264.mp4": lambda path: write_clip(path, 5),
    "h264.mkv": lambda path: write_clip(path, 5),
    "h264.mov": lambda path: write_clip(path, 5),
    "h264.ts": lambda path: write_clip(path, 5),
    "h264.flv": lambda path: write_clip(path, 5),
    "sound.mp4": lambda path: write_with_sound(path, 5, begin=0.1),
    "vp9.webm": partial(_encode, "libvpx-vp9"),
    "mpeg4.avi": partial(_encode, "mpeg4"),
    "mjpeg.avi": partial(_encode, "mjpeg"),
    "ffv1.mkv": partial(_encode, "ffv1"),
    "mpeg2.mpg": partial(_encode, "mpeg2video"),
}
