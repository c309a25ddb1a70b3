"""The sound of a source goes along with its overlay, in time with the pictures."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from vidseg.video.source import open_source
from vidseg.video.writer import VideoWriter

from .clips import sound_of, write_clip, write_with_sound


def copy(path: Path, target: Path, **selection: int) -> tuple[str, ...]:
    """The frames of a file, written as an overlay is; returns the notes of the source."""
    source = open_source(path, **selection)
    writer = VideoWriter(target, source.fps, pixel_aspect=source.pixel_aspect, sound=source.sound())
    for frame in source:
        writer.write(frame.image, frame.time)
    writer.close()
    assert [file.name for file in target.parent.iterdir() if file.name.startswith(".")] == []
    return source.notes()


def lag(path: Path) -> float:
    """Seconds from the moment at which the pictures become white to the first of the tone."""
    samples, rate, begin = sound_of(path)
    loud = np.flatnonzero(np.abs(samples) > 0.2 * np.abs(samples).max())[0] / rate + begin
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        white = next(f for f in frames if f.to_ndarray(format="gray").mean() > 128)
        assert white.pts is not None and white.time_base is not None
        return float(loud - white.pts * white.time_base)


def codec(path: Path) -> str:
    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 1
        return container.streams.audio[0].codec_context.codec.canonical_name


@pytest.mark.parametrize(
    ("name", "made", "kept"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.mkv", "aac", "aac"),
        ("a.ts", "aac", "aac"),
        ("a.mkv", "libmp3lame", "mp3"),
        ("a.mkv", "libopus", "opus"),
        ("a.mkv", "flac", "flac"),
        ("a.avi", "pcm_s16le", "aac"),
        ("a.mkv", "pcm_s16le", "aac"),
    ],
)
@pytest.mark.parametrize("selection", [{}, {"start": 10, "stop": 40}, {"stride": 5}])
def test_sound_stays_with_the_pictures(
    tmp_path: Path, name: str, made: str, kept: str, selection: dict[str, int]
) -> None:
    path = write_with_sound(tmp_path / name, codec=made)
    target = tmp_path / "out" / "copy.mp4"
    target.parent.mkdir()
    assert copy(path, target, **selection) == ()
    assert codec(target) == kept
    assert lag(target) == pytest.approx(lag(path), abs=0.03)
    length = (selection.get("stop", 50) - selection.get("start", 0)) / 25
    samples, rate, begin = sound_of(target)
    assert begin + len(samples) / rate == pytest.approx(length, abs=0.1)


def test_no_sound_without_sound_or_a_clock(tmp_path: Path) -> None:
    silent = open_source(write_clip(tmp_path / "silent.mp4"))
    assert silent.sound() is None
    assert open_source([np.zeros((4, 4, 3), dtype=np.uint8)]).sound() is None


def test_a_sound_that_is_damaged_is_a_note_and_the_video_is_whole(tmp_path: Path) -> None:
    path = write_with_sound(tmp_path / "a.mkv")
    source = open_source(path)
    sound = source.sound()
    path.unlink()
    target = tmp_path / "copy.mp4"
    writer = VideoWriter(target, 25, sound=sound)
    for index in range(5):
        writer.write(np.zeros((64, 96, 3), dtype=np.uint8), index / 25)
    writer.close()
    assert len(list(open_source(target))) == 5
    assert len(source.notes()) == 1 and "its sound is not kept whole" in source.notes()[0]
