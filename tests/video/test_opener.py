"""Which streams and kinds are videos, and that a file opens nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import av
import numpy as np
import pytest
from av.container import InputContainer
from PIL import Image

from vidseg.errors import SourceError
from vidseg.video.opener import demuxed
from vidseg.video.source import open_source

from .clips import picture, write_clip, write_flat, write_with_sound


def jpeg(size: int = 64) -> bytes:
    """A cover of one colour."""
    file = BytesIO()
    Image.new("RGB", (size, size), (0, 255, 0)).save(file, "JPEG")
    return file.getvalue()


def write_with_cover(path: Path, *, video: bool, cover_first: bool = True) -> Path:
    """A file with a cover, and a clip or none."""
    with av.open(str(path), "w") as container:

        def add_cover() -> None:
            stream = container.add_stream("mjpeg", rate=25)
            stream.height = stream.width = 64
            stream.pix_fmt = "yuvj420p"
            stream.disposition = av.stream.Disposition.attached_pic
            covers.append(stream)

        covers: list[av.VideoStream] = []
        if cover_first:
            add_cover()
        if video:
            clip = container.add_stream("libx264", rate=25)
            clip.height, clip.width, clip.pix_fmt = 64, 96, "yuv420p"
        else:
            sound = container.add_stream("aac", rate=48000)
            sound.codec_context.layout = "mono"
        if not cover_first:
            add_cover()
        packet = av.Packet(jpeg())
        packet.stream, packet.pts, packet.dts = covers[0], 0, 0
        container.mux(packet)
        if video:
            for index in range(8):
                frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
                container.mux(clip.encode(frame))
            container.mux(clip.encode(None))
        else:
            samples = np.zeros((1, 1024), dtype=np.float32)
            piece = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            piece.sample_rate = 48000
            container.mux([*sound.encode(piece), *sound.encode(None)])
    return path


@pytest.mark.parametrize("name", ["song.mp4", "song.mov"])
def test_a_cover_is_no_video(tmp_path: Path, name: str) -> None:
    path = write_with_cover(tmp_path / name, video=False)
    with pytest.raises(SourceError, match="holds no video stream"):
        open_source(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.codec_context.layout = "mono"
        piece = av.AudioFrame.from_ndarray(
            np.zeros((1, 800), np.int16), format="s16", layout="mono"
        )
        piece.sample_rate = 8000
        container.mux([*stream.encode(piece), *stream.encode(None)])
    with pytest.raises(SourceError, match="holds no video stream"):
        open_source(path)


@pytest.mark.parametrize("cover_first", [True, False])
def test_the_video_beside_a_cover_is_read(tmp_path: Path, cover_first: bool) -> None:
    path = write_with_cover(tmp_path / "film.mp4", video=True, cover_first=cover_first)
    source = open_source(path)
    assert (source.size, source.length, len(list(source))) == ((64, 96), 8, 8)
    assert source.notes() == ()


def test_of_several_videos_the_best_is_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = []
        for size in ((32, 48), (64, 96)):
            stream = container.add_stream("libx264", rate=25)
            (stream.height, stream.width), stream.pix_fmt = size, "yuv420p"
            streams.append((stream, size))
        for index in range(4):
            for stream, size in streams:
                image = np.full((*size, 3), 40 * index, dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        for stream, _ in streams:
            container.mux(stream.encode(None))
    source = open_source(path)
    assert len(list(source)) == 4
    number = 1 if source.size == (32, 48) else 2
    note = f"two.mkv: it holds 2 video streams, of which number {number} is read."
    assert source.notes() == (note,)


def read_marks(path: Path) -> bool:
    """Whether a file was read since its time of access was set back."""
    return path.stat().st_atime > 1


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
    "hls of an address": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}/clip.ts\n",
    "concat": "ffconcat version 1.0\nfile clip.ts\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1" bandwidth="1"><BaseURL>clip.ts</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    ),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "webvtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n",
    "srt": "1\n00:00:00,000 --> 00:00:01,000\nhello\n\n",
    "terminal": "\x1b[31mred\x1b[0m\n" * 50,
    "xml": '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "json": "{}",
    "metadata": ";FFMETADATA1\ntitle=x\n",
}


class _Counting(SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("_Handler", (_Counting,), {"asked": asked})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path)))
    Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}", asked
    httpd.shutdown()
    httpd.server_close()


ENDINGS = ["m3u8", "mp4", "txt", "ts", "mkv", "ffconcat", "mpd", "sdp", "nfo", "ans", "vtt"]


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_lists_and_texts_are_refused_and_open_nothing(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address, asked = server
    clip = write_clip(tmp_path / "clip.ts", 4)
    monkeypatch.chdir(tmp_path)
    for ending in ENDINGS:
        if ending == "ts":
            continue
        path = tmp_path / f"list.{ending}"
        path.write_text(
            PLAYLISTS[kind].format(address=address)
            if "{add" in PLAYLISTS[kind]
            else PLAYLISTS[kind]
        )
        os.utime(clip, (1, 1))
        with pytest.raises(SourceError, match=r"is not a video") as caught:
            open_source(path)
        assert "\n" not in str(caught.value)
    assert not read_marks(clip) and asked == []


def test_a_list_of_a_server_leads_to_the_server_alone(
    tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    address, asked = server
    clip = write_clip(tmp_path / "clip.ts", 6)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    (tmp_path / "good.m3u8").write_text(f"{head}clip.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "bad.m3u8").write_text(f"{head}file://{clip}\n#EXT-X-ENDLIST\n")
    with open_source(f"{address}/good.m3u8") as source:
        assert len(list(source)) == 6
    assert "/clip.ts" in asked
    asked.clear()
    os.utime(clip, (1, 1))
    with pytest.raises(SourceError):
        list(open_source(f"{address}/bad.m3u8"))
    assert not read_marks(clip) and "/clip.ts" not in asked


@pytest.mark.parametrize(
    "name",
    ["12:30.mp4", "a%03d.mp4", "a?b#c.mp4", "concat:a", "http:x.mp4", "a\nb.mp4", "\udcff.mp4"],
)
def test_every_name_that_a_file_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "made.mp4", 3)
    os.rename(tmp_path / "made.mp4", name)  # noqa: PTH104
    for given in (name, Path(name), Path(name).absolute()):
        assert len(list(open_source(given))) == 3


def test_streams_that_appear_on_the_way(tmp_path: Path) -> None:
    class Tripping:
        """A container over whose end PyAV trips, as where a damaged FLV names new streams."""

        def __init__(self, container: InputContainer) -> None:
            self._container = container

        def demux(self, stream: object) -> Iterator[object]:
            yield from [p for p in self._container.demux(stream) if p.size]
            raise IndexError("list index out of range")

    with av.open(str(write_clip(tmp_path / "a.flv", 6))) as container:
        tripping: Any = Tripping(container)
        assert len(list(demuxed(tripping, container.streams.video[0]))) == 6


def test_titles_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "lat.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "CafeXXX"
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(0), format="rgb24")))
        container.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"CafeXXX", b"Caf\xe9XXX"))
    assert len(list(open_source(path))) == 1


def test_a_size_that_is_only_claimed(tmp_path: Path) -> None:
    sizes = (96).to_bytes(4, "little") + (64).to_bytes(4, "little")
    for side, words in ((15000, "claims 15000 x 15000 pixels"), (60000, "no frame that decodes")):
        path = write_flat(tmp_path / "huge.avi", (0, 0, 0), size=(64, 96))
        assert sizes in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(sizes, side.to_bytes(4, "little") * 2))
        with pytest.raises(SourceError, match=words):
            open_source(path)


def test_a_size_that_only_the_frames_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_MAX_PIXELS", "6000")
    for name in ("a.h264", "a.ts", "a.mp4"):
        with pytest.raises(SourceError, match="96 x 64 pixels"):
            open_source(write_clip(tmp_path / name, 12))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (63, 95), (300, 1)])
def test_tiny_and_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.nut"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        (stream.height, stream.width), stream.pix_fmt = size, "rgb24"
        image = np.full((*size, 3), 200, dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = open_source(path)
    assert source.size == size
    assert (next(iter(source)).image == 200).all()


def test_frames_with_sound_are_counted_alone(tmp_path: Path) -> None:
    assert len(list(open_source(write_with_sound(tmp_path / "a.mp4", 20)))) == 20
