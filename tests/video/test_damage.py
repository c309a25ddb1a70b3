"""Damaged packets cost themselves and nothing else, and are told."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from vidseg.errors import SourceError
from vidseg.video.clock import Clock, Pace
from vidseg.video.source import open_source

from .clips import damage, packet_places, picture, write_clip


def times_of(path: Path) -> list[float]:
    times = [frame.time for frame in open_source(path)]
    assert all(isinstance(time, float) for time in times)
    return [time for time in times if time is not None]


@pytest.mark.parametrize("number", [0, 5, 11])
def test_a_damaged_packet_is_left_out(tmp_path: Path, number: int) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4", key_frames=1), number)
    source = open_source(path)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(11))
    first = 1 if number == 0 else 0
    kept = [(i - first) / 25 for i in range(12) if i != number]
    assert [frame.time for frame in frames] == pytest.approx(kept)
    assert source.notes() == (
        "clip.mp4: 1 damaged packet is left out (invalid data found when processing input).",
    )
    assert len(list(source)) == 11, "counted anew"
    assert len(source.notes()) == 1


def test_several_damaged_packets_are_counted(tmp_path: Path) -> None:
    source = open_source(damage(write_clip(tmp_path / "a.mov", key_frames=1), 2, 3, 7))
    assert len(list(source)) == 9
    assert source.notes()[0].startswith("a.mov: 3 damaged packets are left out (")


def test_nothing_but_damage_is_one_sentence(tmp_path: Path) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4"), *range(12))
    with pytest.raises(SourceError, match=r"clip\.mp4 holds no frame that decodes: invalid data"):
        open_source(path)


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_a_file_that_is_cut_short_gives_its_whole_frames(tmp_path: Path, part: float) -> None:
    path = write_clip(tmp_path / "cut.mp4", 40, options={"movflags": "faststart"})
    position, size = packet_places(path)[23]
    path.write_bytes(path.read_bytes()[: position + round(part * size)])
    source = open_source(path)
    assert len(list(source)) in (22, 23)  # of frames that wait for a later one, the last is lost
    missing = 40 - (24 if part else 23)
    notes = [f"cut.mp4: it is cut short; {missing} of the 40 frames that it declares are missing."]
    if part:
        notes.insert(0, "cut.mp4: 1 damaged packet is left out (cut short).")
    assert list(source.notes()) == notes
    first = next(iter(source))
    assert first.index == 0 and len(source.notes()) == 0, "nothing is known before the end"


def test_matroska_that_is_cut_short_is_told_by_its_statistics(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "cut.mkv", 100)
    position, _ = packet_places(path)[50]
    path.write_bytes(path.read_bytes()[:position])
    source = open_source(path)
    assert 48 <= len(list(source)) <= 50
    assert "it ends 2.0 s before the 4.0 s that it declares" in source.notes()[-1]


def test_a_zeroed_half_is_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 40, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    half = len(data) * 6 // 10
    data[half:] = bytes(len(data) - half)
    path.write_bytes(data)
    source = open_source(path)
    frames = list(source)
    assert 5 < len(frames) < 40
    assert "damaged packets are left out" in source.notes()[0]


def test_whole_files_have_no_notes(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "a.avi", "a.ts", "a.flv", "a.h264", "a.mov"):
        source = open_source(write_clip(tmp_path / name, 30))
        times = [frame.time for frame in source]
        assert times == pytest.approx([i / 25 for i in range(30)], abs=2e-3), name
        assert source.notes() == ()


def rising(stamps: list[float | None], rate: int | None = 10) -> list[float]:
    clock = Clock(None if rate is None else Fraction(rate))
    times = [clock.time(stamp) for stamp in stamps]
    assert times[0] == 0 and all(a < b for a, b in pairwise(times))
    return times


def test_times_rise_from_0_whatever_is_told() -> None:
    assert rising([5.0, 5.1, 5.3]) == pytest.approx([0, 0.1, 0.3])
    assert rising([-0.2, -0.1, 0.0]) == pytest.approx([0, 0.1, 0.2])
    assert rising([None, None, None]) == pytest.approx([0, 0.1, 0.2])
    assert rising([1.0, None, 1.2]) == pytest.approx([0, 0.1, 0.2])
    assert rising([None, 7.1, 7.2]) == pytest.approx([0, 0.1, 0.2])
    assert rising([0.0, 0.1, 0.1, 0.2]) == pytest.approx([0, 0.1, 0.1, 0.2], abs=0.01)
    assert rising([0.0, 0.2, 0.1, 0.3]) == pytest.approx([0, 0.2, 0.2, 0.3], abs=0.01)
    assert rising([9.0, 9.1, 0.0, 0.1]) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert rising([0.0, 0.1, 95443.8, 95443.9]) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert rising([0.0, 0.1, 600.1]) == pytest.approx([0, 0.1, 600.1])
    assert rising([None, None], rate=None) == pytest.approx([0, 0.04])


def lacking(times: list[float]) -> int:
    pace = Pace()
    for time in times:
        pace.follow(time)
    return pace.missing()


def test_frames_that_an_even_pace_lacks() -> None:
    even = [i / 25 for i in range(30)]
    assert lacking(even) == 0
    assert lacking(even[:7] + even[8:20] + even[23:]) == 4
    assert lacking([round(t, 3) for t in np.arange(40) / 29.97]) == 0, "times that are rounded"
    assert lacking([0, 0.1, 0.15, 0.4, 0.5, 0.53, 0.8, 0.9, 1.2, 1.3, 1.31, 1.9]) == 0
    assert lacking(even[:5] + even[6:8]) == 0, "too few to tell"
    assert lacking([0.0] * 20) == 0


def test_a_gap_in_a_transport_stream_is_told(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", 40)
    position, size = packet_places(path)[8]
    data = bytearray(path.read_bytes())
    middle = position + size // 2
    data[middle : middle + 30] = bytes(range(200, 230))
    path.write_bytes(data)
    source = open_source(path)
    frames = len(list(source))
    assert frames == 40 or len(source.notes()) == 1


def test_frames_that_an_edit_cuts_away_are_neither_counted_nor_missed(tmp_path: Path) -> None:
    path = tmp_path / "edit.mp4"
    clip = write_clip(tmp_path / "clip.mp4", 30, key_frames=30)
    with av.open(str(clip)) as given, av.open(str(path), "w") as container:
        stream = given.streams.video[0]
        target = container.add_stream_from_template(stream)
        assert stream.time_base is not None
        shift = round(10 / 25 / stream.time_base)
        for packet in given.demux(stream):
            if packet.size and packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = target
                container.mux(packet)
    source = open_source(path)
    frames = list(source)
    assert len(frames) == source.length == 20
    assert np.abs(frames[0].image.astype(int) - picture(10)).mean() < 6
    assert frames[0].time == 0 and source.notes() == ()


def test_raw_streams_have_times(tmp_path: Path) -> None:
    assert times_of(write_clip(tmp_path / "a.h264", 9)) == pytest.approx([i / 25 for i in range(9)])
