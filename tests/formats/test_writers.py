"""What is written can be read back, and an interruption leaves whole files only."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError, OutputError
from vidseg.formats.categories import CategoryNumbers
from vidseg.formats.davis import PalettePngWriter
from vidseg.formats.overlay import OverlayPictureWriter, OverlayWriter
from vidseg.formats.panoptic import PanopticWriter, save_panoptic_png
from vidseg.formats.saving import open_writers, parse_formats
from vidseg.formats.ytvis import YtvisResultWriter
from vidseg.geometry.masks import decode_rle
from vidseg.pictures.label_maps import read_label_map, read_rgb_ids
from vidseg.results import FrameResult, Segment, Track
from vidseg.types import Frame
from vidseg.video.colors import davis_palette
from vidseg.video.source import open_source
from vidseg.vocabularies import from_names

SIZE = (24, 32)


def block(left: int, width: int = 8) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[4:20, left : left + width] = True
    return mask


def frames(count: int = 3) -> list[tuple[Frame, FrameResult]]:
    """A dog that walks right under a sky, and a person who is there from frame 1 on."""
    made = []
    for index in range(count):
        segments = [
            Segment(2, block(index), 0.9, "dog"),
            Segment(300, ~block(0, 32), 0.5, "sky", is_thing=False),
        ]
        if index >= 1:
            segments.append(Segment(4, block(index + 4), 0.7, "person"))
        image = np.full((*SIZE, 3), 90, dtype=np.uint8)
        result = FrameResult(index * 2, index / 10, SIZE, tuple(segments))
        made.append((Frame(image, index * 2, index / 10), result))
    return made


def small(result: FrameResult) -> FrameResult:
    """Without the segment whose id does not fit a palette."""
    kept = tuple(segment for segment in result.segments if segment.id < 256)
    return FrameResult(result.index, result.time, result.size, kept)


def test_palette_pngs_hold_ids_with_overlaps_settled(tmp_path: Path) -> None:
    writer = PalettePngWriter(tmp_path / "png")
    for frame, result in frames():
        writer.write(frame, small(result))
    writer.close()
    assert sorted(p.name for p in (tmp_path / "png").iterdir()) == [
        "00000.png",
        "00002.png",
        "00004.png",
    ]
    for _, result in frames():
        path = tmp_path / "png" / f"{result.index:05d}.png"
        with Image.open(path) as image:
            assert image.mode == "P"
            assert bytes(image.getpalette() or ()) == davis_palette().tobytes()
        assert np.array_equal(read_label_map(path), small(result).panoptic_map())


def test_ids_beyond_a_palette_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    writer = PalettePngWriter(tmp_path / "png")
    with pytest.raises(OutputError, match="id 300"):
        writer.write(*frames(1)[0])
    writer.close()
    assert not (tmp_path / "png").exists()


def test_reading_what_is_no_palette_png(tmp_path: Path) -> None:
    Image.new("RGB", (3, 3)).save(tmp_path / "rgb.png")
    (tmp_path / "text.png").write_text("text")
    for name, words in (("rgb", "mode RGB"), ("text", "no picture"), ("no", "No such file")):
        with pytest.raises(DataError, match=words):
            read_label_map(tmp_path / f"{name}.png")


def test_ytvis_rows_hold_one_mask_per_frame(tmp_path: Path) -> None:
    path = tmp_path / "ytvis.json"
    writer = YtvisResultWriter(path, CategoryNumbers(from_names("person,dog")), video_id=7)
    for frame, result in frames():
        writer.write(frame, result)
    writer.close()
    rows = {row["track_id"]: row for row in json.loads(path.read_text())}
    assert {id: row["category_id"] for id, row in rows.items()} == {2: 2, 4: 1, 300: 3}
    assert rows[4]["score"] == pytest.approx(0.7) and rows[4]["category"] == "person"
    assert (rows[2]["height"], rows[2]["width"], rows[2]["video_id"]) == (24, 32, 7)
    assert rows[4]["segmentations"][0] is None
    for position, (_, result) in enumerate(frames()):
        for segment in result.segments:
            rle = rows[segment.id]["segmentations"][position]
            assert np.array_equal(decode_rle(rle), segment.mask)


def test_ytvis_takes_a_video_level_table(tmp_path: Path) -> None:
    path = tmp_path / "ytvis.json"
    writer = YtvisResultWriter(path, CategoryNumbers(from_names("person,dog")))
    for frame, result in frames():
        writer.write(frame, small(result))
    writer.table = (Track(2, "dog", 0.8), Track(2, "person", 0.1), Track(99, "dog", 0.5))
    writer.close()
    rows = json.loads(path.read_text())
    found = [(row["track_id"], row["category_id"], row["score"]) for row in rows]
    assert found == [(2, 2, 0.8), (2, 1, 0.1), (4, 1, 0.7)]
    assert rows[0]["segmentations"] == rows[1]["segmentations"]


def test_ytvis_without_a_track_is_an_empty_list(tmp_path: Path) -> None:
    writer = YtvisResultWriter(tmp_path / "ytvis.json")
    writer.write(frames(1)[0][0], FrameResult(0, None, SIZE, ()))
    writer.close()
    assert json.loads((tmp_path / "ytvis.json").read_text()) == []


def test_ytvis_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    writer = YtvisResultWriter(tmp_path / "ytvis.json")
    random = np.random.default_rng(0)
    image = np.zeros((64, 64, 3), dtype=np.uint8)

    def write(first: int, count: int) -> None:
        for index in range(first, first + count):
            segment = Segment(1, random.random((64, 64)) > 0.5, 0.5)  # worst case for run lengths
            writer.write(Frame(image, index), FrameResult(index, None, (64, 64), (segment,)))

    write(0, 20)
    tracemalloc.start()
    write(20, 300)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close()
    size = (tmp_path / "ytvis.json").stat().st_size
    assert grown < 40_000 < size / 5


def test_panoptic_png_and_json_agree(tmp_path: Path) -> None:
    writer = PanopticWriter(tmp_path / "panoptic", CategoryNumbers(from_names("person,dog,grass")))
    for frame, result in frames():
        writer.write(frame, result)
    writer.close()
    told = json.loads((tmp_path / "panoptic.json").read_text())
    assert told["categories"] == [
        {"id": 1, "name": "person", "isthing": 1},
        {"id": 2, "name": "dog", "isthing": 1},
        {"id": 3, "name": "grass", "isthing": 0},
        {"id": 4, "name": "sky", "isthing": 0},
    ]
    assert [image["id"] for image in told["images"]] == [0, 2, 4]
    for (_, result), row in zip(frames(), told["annotations"], strict=True):
        ids = read_rgb_ids(tmp_path / "panoptic" / row["file_name"])
        assert np.array_equal(ids, result.panoptic_map())
        infos = {info["id"]: info for info in row["segments_info"]}
        assert set(infos) == set(np.unique(ids)) - {0}
        for id, info in infos.items():
            rows, columns = np.nonzero(ids == id)
            assert info["area"] == len(rows)
            assert info["bbox"][:2] == [columns.min(), rows.min()]
            assert info["bbox"][2:] == [np.ptp(columns) + 1, np.ptp(rows) + 1]


def test_panoptic_colours_hold_large_ids(tmp_path: Path) -> None:
    ids = np.array([[0, 255, 256, 65536 * 3 + 7]], dtype=np.int32)
    save_panoptic_png(ids, tmp_path / "ids.png")
    assert np.array(Image.open(tmp_path / "ids.png"))[0, 3].tolist() == [7, 0, 3]
    assert np.array_equal(read_rgb_ids(tmp_path / "ids.png"), ids)


def test_overlay_video_and_picture(tmp_path: Path) -> None:
    source = open_source([frame.image for frame, _ in frames()])
    video = OverlayWriter(tmp_path / "overlay.mp4", source)
    for frame, result in frames():
        video.write(frame, result)
    video.close()
    assert [f.time for f in open_source(tmp_path / "overlay.mp4")] == pytest.approx([0, 0.1, 0.2])
    picture = OverlayPictureWriter(tmp_path / "overlay.png")
    picture.write(*frames(1)[0])
    with Image.open(tmp_path / "overlay.png") as image:
        assert not (np.array(image) == 90).all()


def test_all_formats_together_and_stopped_after_two_frames(tmp_path: Path) -> None:
    source = open_source([frame.image for frame, _ in frames()])
    folder = tmp_path / "deep" / "out"
    with (
        pytest.raises(KeyboardInterrupt),
        open_writers(parse_formats("overlay,png,ytvis,panoptic"), folder, source) as writers,
    ):
        for frame, result in frames(2):
            writers.write(frame, small(result))
        raise KeyboardInterrupt
    assert sorted(p.name for p in folder.iterdir()) == [
        "overlay.mp4",
        "panoptic",
        "panoptic.json",
        "png",
        "ytvis.json",
    ]
    assert len(list(open_source(folder / "overlay.mp4"))) == 2
    assert len(list((folder / "png").iterdir())) == 2
    assert len(json.loads((folder / "panoptic.json").read_text())["annotations"]) == 2
    assert len(json.loads((folder / "ytvis.json").read_text())[0]["segmentations"]) == 2
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]


def test_nothing_is_left_when_no_frame_came(tmp_path: Path) -> None:
    source = open_source([frames(1)[0][0].image])
    with open_writers(("overlay", "png", "ytvis", "panoptic"), tmp_path / "a" / "b", source):
        pass
    assert not list(tmp_path.iterdir())


def test_format_names() -> None:
    assert parse_formats(" png,overlay,png ") == ("png", "overlay")
    with pytest.raises(OutputError, match="'gif'"):
        parse_formats("overlay,gif")
    with pytest.raises(OutputError, match="No format"):
        parse_formats(" ,")


def test_the_text_of_the_json_files(tmp_path: Path) -> None:
    """Other programs read these files; their keys, order and lines stay as they are."""
    source = open_source([frame.image for frame, _ in frames(2)])
    with open_writers(("ytvis", "panoptic"), tmp_path, source) as writers:
        for frame, result in frames(2):
            writers.write(frame, small(result))
    assert (tmp_path / "panoptic.json").read_text() == PANOPTIC
    assert (tmp_path / "ytvis.json").read_text() == YTVIS


PANOPTIC = (
    '{"categories": [{"id": 1, "name": "dog", "isthing": 1}, {"id": 2, "name": "person", '
    '"isthing": 1}],\n'
    '"images": [\n'
    '{"id": 0, "file_name": "00000.png", "height": 24, "width": 32, "video_id": 1, "frame'
    '_index": 0},\n'
    '{"id": 2, "file_name": "00002.png", "height": 24, "width": 32, "video_id": 1, "frame'
    '_index": 2}\n'
    "],\n"
    '"annotations": [\n'
    '{"image_id": 0, "file_name": "00000.png", "segments_info": [{"id": 2, "category_id":'
    ' 1, "iscrowd": 0, "bbox": [0, 4, 8, 16], "area": 128, "score": 0.9}]},\n'
    '{"image_id": 2, "file_name": "00002.png", "segments_info": [{"id": 2, "category_id":'
    ' 1, "iscrowd": 0, "bbox": [1, 4, 8, 16], "area": 128, "score": 0.9}, {"id": 4, "cate'
    'gory_id": 2, "iscrowd": 0, "bbox": [9, 4, 4, 16], "area": 64, "score": 0.7}]}\n'
    "]}\n"
)
YTVIS = (
    "[\n"
    '{"video_id": 1, "track_id": 2, "category_id": 1, "category": "dog", "score": 0.9, "h'
    'eight": 24, "width": 32, "segmentations": [{"size": [24, 32], "counts": "4`080000000'
    '000000la0"}, {"size": [24, 32], "counts": "l0`080000000000000Ta0"}]},\n'
    '{"video_id": 1, "track_id": 4, "category_id": 2, "category": "person", "score": 0.7,'
    ' "height": 24, "width": 32, "segmentations": [null, {"size": [24, 32], "counts": "l3'
    '`080000000000000T>"}]}\n'
    "]\n"
)
