"""Every kind of source, and every way in which one can be wrong."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import SourceError
from vidseg.types import Frame
from vidseg.video import camera
from vidseg.video.source import open_source

from .clips import picture, turn_quarter, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def test_video_file_tells_its_size_rate_and_length_and_shows_its_pictures(clip: Path) -> None:
    source = open_source(clip)
    assert (source.name, source.size, source.fps, source.length) == ("clip.mp4", (64, 96), 25, 12)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(12)])
    for frame in frames:
        difference = np.abs(frame.image.astype(int) - picture(frame.index)).mean()
        assert difference < 6, "decoded picture is not the encoded one"
    assert len(list(source)) == 12, "a file can be read again"


def test_selection_keeps_source_indices_and_corrects_rate_and_length(clip: Path) -> None:
    source = open_source(str(clip), start=2, stop=11, stride=3)
    assert (source.length, source.total, source.fps) == (3, 12, pytest.approx(25 / 3))
    frames = list(source)
    assert [frame.index for frame in frames] == [2, 5, 8]
    assert frames[1].time == pytest.approx(5 / 25)


def test_times_of_a_variable_frame_rate_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.2, 0.5, 0.52]
    source = open_source(write_clip(tmp_path / "vfr.mp4", 5, times=times))
    assert [frame.time for frame in source] == pytest.approx(times, abs=2e-3)


def test_rotation_of_the_container_is_applied(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "turned.mp4", 2)
    turn_quarter(path)
    source = open_source(path)
    frame = next(iter(source))
    assert source.size == frame.size == (96, 64)
    red = frame.image[:, :, 0].astype(int) - frame.image[:, :, 1]
    corner = np.unravel_index(red.argmax(), red.shape)
    assert corner[0] < 16 and corner[1] >= 48, "turned clockwise: top left comes to top right"


def test_folder_and_glob_are_in_natural_order(tmp_path: Path) -> None:
    for index in (10, 2, 1):
        Image.fromarray(picture(index)).save(tmp_path / f"frame{index}.png")
    (tmp_path / "notes.txt").write_text("no image")
    for given in (tmp_path, str(tmp_path / "*.png"), str(tmp_path / "*")):
        source = open_source(given)
        assert (source.length, source.fps, source.size) == (3, None, (64, 96))
        frames = list(source)
        assert [frame.time for frame in frames] == [None] * 3
        for frame, number in zip(frames, (1, 2, 10), strict=True):
            assert np.array_equal(frame.image, picture(number))


def test_single_image_is_turned_upright_by_its_exif(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(0)).save(path, exif=exif)
    source = open_source(path)
    assert (source.size, source.length) == ((96, 64), 1)
    assert next(iter(source)).size == (96, 64)


def test_iterators_arrays_and_frames() -> None:
    assert [f.index for f in open_source(picture(i) for i in range(3))] == [0, 1, 2]
    stack = np.stack([picture(i) for i in range(4)])
    source = open_source(stack, stride=2)
    assert source.length == 2
    assert [np.array_equal(f.image, stack[f.index]) for f in source] == [True, True]
    assert open_source(picture(0)).length == 1
    grey = next(iter(open_source([np.full((4, 5), 9, dtype=np.uint8)])))
    assert grey.image.shape == (4, 5, 3) and (grey.image == 9).all()
    timed = list(open_source([Frame(picture(0), 7, 1.5)]))
    assert (timed[0].index, timed[0].time) == (7, 1.5)
    assert open_source(source) is source


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (np.zeros((4, 5, 3), dtype=np.float32), "float32"),
        (np.zeros((4, 5, 4), dtype=np.uint8), r"\(4, 5, 4\)"),
        (np.zeros((3, 4, 5), dtype=np.uint8), r"\(3, 4, 5\)"),
        ("text", "str"),
    ],
)
def test_frames_that_would_have_to_be_guessed_are_refused(item: object, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        list(open_source([item]))


def test_what_is_not_there_or_no_video(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("hello\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    for given, words in (
        (tmp_path / "none.mp4", "does not exist"),
        (text, "is not a video"),
        (empty, "is not a video"),
        (folder, "holds no images"),
        (str(tmp_path / "*.jpg"), "No image matches"),
        (broken, "broken.png"),
        ("", "empty"),
        (3.5, "not a source"),
        ([], "empty"),
        ("97", "Camera 97"),
        ("rtsp://user:secret@127.0.0.1:9/live", "rtsp://127.0.0.1:9/live"),
        ("http://user:secret@[::1", "not valid"),
        ("http://host:port/secret", "not valid"),
        ("https:///secret", "not valid"),
        ("udp://127.0.0.1:9", "udp:// addresses are not read"),
        ("a" * 300 + ".mp4", "too long"),
        ("9" * 5000, "too long"),
        ("a\0b.mp4", "null character"),
        ("~nobody-of-this-name.mp4", "does not exist"),
        (str(tmp_path / "a**b" / "*.png"), "a\\*\\*b"),
        (b"clip.mp4", "bytes is not a source"),
        (True, "bool is not a source"),
    ):
        with pytest.raises(SourceError, match=words) as caught:
            list(open_source(given))
        assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


def test_video_without_a_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "none.avi", 0)
    with pytest.raises(SourceError, match="without a single frame"):
        open_source(path)


@pytest.mark.parametrize("start", [12, 500])
def test_start_behind_the_end(clip: Path, start: int) -> None:
    with pytest.raises(SourceError, match="no frame at or after"):
        list(open_source(clip, start=start))


@pytest.mark.parametrize(
    "selection",
    [
        {"start": -1},
        {"stride": 0},
        {"start": 5, "stop": 5},
        {"start": "2"},
        {"start": 2.0},
        {"stop": True},
        {"stride": None},
    ],
)
def test_selections_without_a_meaning(clip: Path, selection: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="must be"):
        open_source(clip, **selection)


def test_size_that_changes_on_the_way(tmp_path: Path) -> None:
    for index, width in enumerate((96, 96, 80)):
        Image.fromarray(picture(0, 64, width)).save(tmp_path / f"{index}.png")
    with pytest.raises(SourceError, match="frame 2 is 80x64 pixels, but the source began with 96x"):
        list(open_source(tmp_path))
    raw = tmp_path / "raw.h264"
    parts = [
        write_clip(tmp_path / f"{width}.h264", 5, size=(64, width)).read_bytes()
        for width in (96, 80)
    ]
    raw.write_bytes(b"".join(parts))
    with pytest.raises(SourceError, match="is 80x64 pixels"):
        list(open_source(raw))


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_video_over_http(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 6)
    turn_quarter(path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with open_source(f"{address}/clip.mp4?key=secret", stop=4) as source:
            assert (source.name, source.size) == (f"{address}/clip.mp4", (96, 64))
            assert (source.fps, source.length) == (25, 4)
            assert [frame.index for frame in source] == [0, 1, 2, 3]
        with pytest.raises(SourceError, match="cannot be opened"):
            open_source(f"{address}/missing.mp4")
    finally:
        server.shutdown()
        server.server_close()


def test_camera_is_opened_once_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "_device", lambda index: ("lavfi", "testsrc=size=64x48:rate=10"))
    with open_source("0", stop=5) as source:
        assert (source.name, source.size, source.fps, source.length) == (
            "camera 0",
            (48, 64),
            10,
            None,
        )
        assert [frame.index for frame in source] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["photo.dat", "photo.mp4", "photo"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM"])
def test_pictures_are_told_by_their_content(tmp_path: Path, name: str, kind: str) -> None:
    Image.fromarray(picture(1)).save(tmp_path / name, format=kind)
    source = open_source(tmp_path / name)
    assert (source.size, source.length, source.fps) == ((64, 96), 1, None)


@pytest.mark.parametrize("name", ["~x.mp4", "-x.mp4", "12:30.mp4", "7", "udp://x", "a?*[b].mp4"])
def test_a_file_that_is_there_is_read_whatever_its_name(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(clip.read_bytes())
    assert len(list(open_source(name))) == len(list(open_source(path))) == 12
