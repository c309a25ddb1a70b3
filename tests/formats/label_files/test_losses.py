"""What a format cannot hold is refused with the first case and the count, or lost as allowed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError, OutputError
from vidseg.formats.label_files import (
    LABEL_FORMATS,
    LossLog,
    ReadOptions,
    convert,
    load_class_list,
    parse_losses,
)
from vidseg.geometry.masks import decode_rle
from vidseg.labels import Category, LabelTrack, Sentence, VideoInfo

from .made import Made, labels, mask, one_video

LEFT, RIGHT, ALL = mask("##.."), mask("..##"), mask("####")
MIDDLE = mask(".##.")
SIZE = (1, 4)
A, B = LabelTrack(1, 1), LabelTrack(2, 2)
PLAIN = (Category(1, "cat"), Category(2, "dog"))


def video(*frames: Any, tracks: Any = (A, B), categories: Any = PLAIN) -> Made:
    return one_video(list(frames), tracks, categories=categories)


def refused(source: Any, name: str, place: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        convert(source, LABEL_FORMATS[name], place / "out", **options)
    assert list(place.iterdir()) == []  # nothing half-written
    return str(caught.value)


def allowed(source: Any, name: str, place: Path, *losses: str) -> Any:
    convert(source, LABEL_FORMATS[name], place / "out", allowed=losses)
    return LABEL_FORMATS[name].read(place / "out", ReadOptions())


def drawn(source: Any, frame: int = 0, at: int = 0) -> dict[int, list[list[bool]]]:
    held = source.labels(at, frame)
    return {id: decode_rle(rle).tolist() for id, rle in held.masks.items()}


def test_overlaps(tmp_path: Path) -> None:
    both = labels({1: LEFT, 2: MIDDLE}, SIZE)
    source = video(both, labels({1: LEFT, 2: RIGHT}, SIZE), both, categories=())
    source.objects = [(LabelTrack(1), LabelTrack(2))]
    told = refused(source, "davis", tmp_path)
    assert told == (
        "davis cannot hold masks that overlap (2 frames, first: video v, frame 00000, track 2 and "
        "track 1); with --allow overlaps: the higher score, then the lower id wins."
    )
    back = allowed(source, "davis", tmp_path, "overlaps")
    assert drawn(back) == {1: LEFT.tolist(), 2: mask("..#.").tolist()}


def test_the_higher_score_wins_and_a_hidden_object_goes(tmp_path: Path) -> None:
    frame = labels({1: LEFT, 2: ALL}, SIZE, scores={1: 0.2, 2: 0.9})
    source = video(frame)
    told = refused(source, "kitti_step", tmp_path)
    assert "masks that overlap (1 frame" in told
    assert "such scores (2 tracks" in told
    assert told.count("--allow") == 1
    assert "objects without a mask (1 track, first: video v, track 1)" in told  # nothing is left
    back = allowed(source, "kitti_step", tmp_path, "overlaps", "scores", "empty_tracks")
    assert drawn(back) == {2: ALL.tolist()}


def test_void_and_background(tmp_path: Path) -> None:
    source = video(labels({1: LEFT}, SIZE, void=mask("..#.")), tracks=(A,))
    assert "void pixels (1 frame, first: video v, frame 00000)" in refused(source, "coco", tmp_path)
    assert "labelled pixels of no object (1 frame, first: video v, frame 00000, 1 pixels)" in (
        refused(source, "vipseg", tmp_path)
    )
    back = allowed(source, "vipseg", tmp_path, "background")
    assert decode_rle(back.labels(0, 0).void).tolist() == RIGHT.tolist()


def test_void_alone_would_be_read_as_an_object(tmp_path: Path) -> None:
    source = video(labels({}, SIZE, void=RIGHT), tracks=(), categories=())
    told = refused(source, "davis", tmp_path)
    assert "void pixels (1 frame, first: video v, frame 00000, without objects)" in told
    assert drawn(allowed(source, "davis", tmp_path, "void")) == {}


def test_high_ids_get_free_ones(tmp_path: Path) -> None:
    tracks = (LabelTrack(1), LabelTrack(300), LabelTrack(7000))
    frame = labels({1: mask("#..."), 300: mask(".#.."), 7000: RIGHT}, SIZE)
    source = video(frame, tracks=tracks, categories=())
    assert "ids as high as these (2 tracks, first: video v, track 300)" in refused(
        source, "davis", tmp_path
    )
    assert set(drawn(allowed(source, "davis", tmp_path, "ids"))) == {1, 2, 3}


def test_too_many_objects_are_always_refused(tmp_path: Path) -> None:
    tracks = [LabelTrack(id) for id in range(1, 256)]
    source = video(labels({}, SIZE), tracks=tracks, categories=())
    told = refused(source, "davis", tmp_path, allowed=("ids", "empty_tracks"))
    assert told == "Video v has 255 objects; davis holds 254."


def test_classes_stuff_and_crowd(tmp_path: Path) -> None:
    categories = (Category(1, "cat"), Category(5, "sky", False))
    tracks = (LabelTrack(1, 1, True), LabelTrack(2, 5))
    source = video(labels({1: LEFT, 2: RIGHT}, SIZE), tracks=tracks, categories=categories)
    told = refused(source, "davis", tmp_path)
    assert "classes (2 classes, first: 'cat')" in told
    assert "crowd regions (1 track, first: video v, track 1)" in told
    told = refused(source, "cvat", tmp_path)
    assert "stuff classes (1 class, first: 'sky')" in told
    back = allowed(source, "cvat", tmp_path, "stuff", "crowd")
    assert [c.name for c in back.categories] == ["cat", "sky"]
    assert not any(track.is_crowd for track in back.tracks(0))


def test_stuff_is_one_region_a_class_in_kitti_step(tmp_path: Path) -> None:
    categories = (Category(3, "sky", False), Category(4, "cat"))
    tracks = (LabelTrack(1, 3), LabelTrack(2, 3), LabelTrack(3, 4, True), LabelTrack(9, 4))
    masks = {1: mask("#..."), 2: mask(".#.."), 3: mask("..#."), 9: mask("...#")}
    source = video(labels(masks, SIZE), tracks=tracks, categories=categories)
    told = refused(source, "kitti_step", tmp_path)
    assert "several regions of one stuff class or crowd (2 classes" not in told
    assert "(1 class, first: video v, 2 regions of 'sky')" in told
    back = allowed(source, "kitti_step", tmp_path, "stuff_ids")
    # stuff of class 3 is 65536 (3 + 1), the crowd of class 4 is 65536 (4 + 1), a thing keeps its id
    assert drawn(back) == {
        4 * 65536: LEFT.tolist(),
        5 * 65536: masks[3].tolist(),
        9: masks[9].tolist(),
    }
    assert [t for t in back.tracks(0) if t.is_crowd] == [LabelTrack(5 * 65536, 4, True)]


def test_yolo_names_everything_it_lacks(tmp_path: Path) -> None:
    hole = mask("###", "#.#", "###")
    parts = mask("#.#", "...", "...")
    frames = [labels({1: hole}, (3, 3)), labels({2: parts}, (3, 3)), None]
    told = refused(one_video(frames, (A, B)), "yolo", tmp_path)
    assert "videos and ids over their frames (1 video, first: video v, 3 frames)" in told
    assert "masks with holes (1 mask, first: video v, frame 00000, track 1)" in told
    assert "masks of several parts (1 mask, first: video v, frame 00001, track 2)" in told
    assert "frames without labels (1 frame, first: video v, frame 00002)" in told
    assert "--allow identity,holes,parts,unlabelled:" in told


def test_frames_without_labels(tmp_path: Path) -> None:
    source = video(None, labels({1: LEFT}, SIZE), labels({}, SIZE), tracks=(A,))
    assert "frames without labels (1 frame" in refused(source, "ytvis", tmp_path)
    back = allowed(source, "ytvis", tmp_path, "unlabelled")
    assert back.videos[0].frames == ("00001", "00002")
    back = allowed(source, "cvat", tmp_path / "more", "unlabelled")
    assert back.videos[0].frames == ("00000", "00001", "00002")
    assert drawn(back, 0) == {} and drawn(back, 1) == {1: LEFT.tolist()}


def test_frames_without_labels_have_no_png(tmp_path: Path) -> None:
    source = video(None, labels({1: LEFT}, SIZE), tracks=(LabelTrack(1),), categories=())
    done = convert(source, LABEL_FORMATS["davis"], tmp_path / "out")
    assert "tell their names. (first: video v, frame 00000)" in done.notes[0]
    assert [p.name for p in (tmp_path / "out" / "v").iterdir()] == ["00001.png"]
    pictures = tmp_path / "pictures" / "v"
    pictures.mkdir(parents=True)
    for name in ("00000.jpg", "00001.jpg"):
        (pictures / name).touch()
    back = LABEL_FORMATS["davis"].read(
        tmp_path / "out", ReadOptions(pictures=tmp_path / "pictures")
    )
    assert back.videos[0].frames == ("00000", "00001")
    assert back.labels(0, 0) is None


def test_cvat_keeps_names_of_frames(tmp_path: Path) -> None:
    source = video(labels({1: LEFT}, SIZE), labels({1: RIGHT}, SIZE), tracks=(A,))
    names = ("00000024", "<b> & c")
    source.videos = [VideoInfo("v", names, SIZE, {"00000024": ".PNG"})]
    log = LossLog()
    convert(source, LABEL_FORMATS["cvat"], tmp_path / "out", log=log)
    assert "have their names again with --pictures" in log.notes[0]
    back = LABEL_FORMATS["cvat"].read(tmp_path / "out", ReadOptions())
    assert back.videos[0].frames == names and back.videos[0].endings == {"00000024": ".PNG"}
    file = tmp_path / "out" / "v" / "annotations.xml"
    file.write_text(re.sub("<frame_names>.*<", "<frame_names>[1]<", file.read_text()))
    with pytest.raises(DataError, match="frame_names of the task is no list of 2 names"):
        LABEL_FORMATS["cvat"].read(tmp_path / "out", ReadOptions())


def test_empty_tracks_sentences_and_scores(tmp_path: Path) -> None:
    frames = [labels({1: LEFT}, SIZE, scores={1: s}) for s in (0.25, 0.75)]
    source = video(*frames)
    source.spoken = [(Sentence("0", "the left cat", (1,)),)]
    told = refused(source, "ytvis", tmp_path)
    assert "sentences (1 sentence, first: video v, 'the left cat')" in told
    assert "such scores (1 track, first: video v, track 1 has several)" in told
    back = allowed(source, "ytvis", tmp_path, "sentences", "scores")
    assert back.labels(0, 0).scores == {1: 0.5}
    assert [track.id for track in back.tracks(0)] == [1, 2]
    (tmp_path / "more").mkdir()
    told = refused(source, "coco", tmp_path / "more")
    assert "objects without a mask (1 track, first: video v, track 2)" in told


def test_objects_without_a_class_take_the_only_one(tmp_path: Path) -> None:
    source = video(labels({1: LEFT}, SIZE), tracks=(LabelTrack(1),), categories=())
    told = refused(source, "coco", tmp_path)
    assert told.endswith("give one name for all such objects with --categories.")
    two = load_class_list("cat,dog")
    assert "has no class" in refused(source, "coco", tmp_path, categories=two)
    convert(
        source, LABEL_FORMATS["coco"], tmp_path / "out", categories=load_class_list("something")
    )
    back = LABEL_FORMATS["coco"].read(tmp_path / "out", ReadOptions())
    assert back.categories == (Category(1, "something"),)
    assert back.tracks(0) == (LabelTrack(1, 1),)


def test_a_class_list_gives_numbers_and_kinds_back(tmp_path: Path) -> None:
    source = video(labels({1: LEFT, 2: RIGHT}, SIZE))
    given = (Category(8, "dog"), Category(0, "cat", False), Category(3, "sky", False))
    convert(source, LABEL_FORMATS["coco"], tmp_path / "out", categories=given)
    back = LABEL_FORMATS["coco"].read(tmp_path / "out", ReadOptions())
    assert back.categories == given
    assert [track.category_id for track in back.tracks(0)] == [0, 8]
    (tmp_path / "more").mkdir()
    told = refused(source, "ytvis", tmp_path / "more", categories=given[:1])
    assert told == "made has the class 'cat', which the list of --categories lacks."


def test_one_size_a_video(tmp_path: Path) -> None:
    source = video(labels({1: LEFT}, SIZE), labels({1: mask("#")}, (1, 1)), tracks=(A,))
    assert "is 1 × 1, other frames are 1 × 4" in refused(source, "ytvis", tmp_path)


def test_the_destination_is_new_or_empty(tmp_path: Path) -> None:
    source = video(labels({1: LEFT}, SIZE), tracks=(A,))
    coco = LABEL_FORMATS["coco"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("kept")
    with pytest.raises(OutputError, match="is not empty"):
        convert(source, coco, tmp_path / "full")
    (tmp_path / "file.json").write_text("kept")
    with pytest.raises(OutputError, match="exists already"):
        convert(source, coco, tmp_path / "file.json")
    (tmp_path / "empty").mkdir()
    convert(source, coco, tmp_path / "empty")
    convert(source, coco, tmp_path / "deep" / "new.json")
    assert (tmp_path / "deep" / "new.json").is_file()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", "empty", "file.json", "full"]
    with pytest.raises(OutputError, match="cannot be written"):
        convert(source, coco, tmp_path / "file.json" / "below")


def test_names_cannot_leave_the_destination(tmp_path: Path) -> None:
    for name in ("../v", "/v", "a/../../v"):
        source = video(labels({1: LEFT}, SIZE), tracks=(LabelTrack(1),), categories=())
        source.videos = [VideoInfo(name, ("00000",), SIZE)]
        assert "lies outside" in refused(source, "davis", tmp_path)


def test_unknown_losses() -> None:
    assert parse_losses(["void", "holes", "void"]) == ("void", "holes")
    with pytest.raises(DataError, match="Unknown loss 'hole' to allow; choose from overlaps"):
        parse_losses(["hole"])


def test_void_of_a_video_without_objects_is_lost_in_davis(tmp_path: Path) -> None:
    """A value of 255 alone is read as an object, so it must not be written for void."""
    held = labels({}, (1, 2), void=mask("#."))
    source = one_video([held, held], (), categories=())
    assert "void pixels (2 frames, first: video v, frame 00000" in refused(
        source, "davis", tmp_path
    )
    back = allowed(source, "davis", tmp_path, "void")
    assert back.tracks(0) == () and back.labels(0, 0).masks == {}
