"""``vidseg segment`` as its user meets it: files, tables, one sentence per mistake."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.cli import running
from vidseg.cli.main import build_parser, main
from vidseg.cli.segment import read_request
from vidseg.errors import ModelError
from vidseg.pictures.label_maps import read_label_map
from vidseg.video.source import open_source
from vidseg.vocabularies import get_vocabulary

from ..video.clips import (
    damage,
    picture,
    set_matrix,
    sound_of,
    write_clip,
    write_with_sound,
)
from . import stub


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", 12)


@pytest.fixture(autouse=True)
def _stub_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "load_segmenter", stub.load)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_all_formats_of_a_prompted_run(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    prompts = ["--point", "3@2:10,20", "--box", "5@2:1,1,30,30", "--point", "3@2:1,1,-"]
    where = ["--out", str(out), "--save", "overlay,png,ytvis,panoptic"]
    selection = ["--start", "2", "--stop", "9"]
    code = main(["segment", str(clip), "--task", "vos", *prompts, *where, *selection])
    told = capsys.readouterr()
    assert code == 0 and told.err == ""
    assert "7 frames in" in told.out and "frames/s" in told.out and str(out) in told.out
    row = next(line for line in told.out.splitlines() if line.strip(" │").startswith("3"))
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == [
        "3",
        "object",
        "7",
        "0.90",
        "2",
        "8",
    ]
    names = [f"{index:05d}.png" for index in range(2, 9)]
    assert files(out) == sorted(
        ["overlay.mp4", "ytvis.json", "panoptic.json"]
        + [f"{folder}/{name}" for folder in ("png", "panoptic") for name in names]
    )
    assert set(np.unique(read_label_map(out / "png" / "00002.png"))) == {0, 3, 5}
    assert open_source(out / "overlay.mp4").length == 7
    rows = json.loads((out / "ytvis.json").read_text())
    assert [(row["track_id"], row["score"]) for row in rows] == [(3, 0.8), (5, 0.8)]


def test_categories_and_default_folder(
    clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["segment", "clip.mp4", "--task", "vis", "--categories", "dog, person"]) == 0
    assert files(tmp_path / "out") == ["clip/vis/overlay.mp4"]
    assert "person" in capsys.readouterr().out


def test_names_of_marked_objects_say_what_is_stuff(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    marks = ["--point", "1:4,4", "--point", "2:40,40", "--box", "2@3:30,30,60,60"]
    names = ["--name", "1:dog", "--name", "2:grass"]
    for classes in ([], ["--categories", "dog, grass"], ["--vocabulary", "vipseg"]):
        words = ["segment", str(clip), "--task", "pvos", *marks, *names, *classes]
        prompts = read_request(build_parser().parse_args(words)).prompts
        assert [(p.category, p.is_thing) for p in prompts] == [
            ("dog", True),
            ("grass", False),
            ("grass", False),
        ]
    assert main([*words, "--out", str(out), "--save", "ytvis"]) == 0
    rows = json.loads((out / "ytvis.json").read_text())
    assert {(row["track_id"], row["category"]) for row in rows} >= {(1, "dog"), (2, "grass")}
    assert rows[0]["category_id"] == 1 + get_vocabulary("vipseg").index("dog")


def test_objects_that_were_never_found_are_named(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = [word for id in range(1, 10) for word in ("--point", f"{id}:4,4")]
    words = ["segment", str(clip), "--task", "vos", *marks, "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert "Never found: object 9.\n" in capsys.readouterr().out, "the stub has room for eight"


def test_single_picture_gives_a_picture(tmp_path: Path) -> None:
    Image.fromarray(picture(0)).save(tmp_path / "photo.png")
    out = tmp_path / "out"
    words = ["segment", str(tmp_path / "photo.png"), "--task", "vss", "--vocabulary", "coco"]
    assert main([*words, "--out", str(out)]) == 0
    assert files(out) == ["overlay.png"]


def test_masks_without_an_id_give_one_object_per_value(clip: Path, tmp_path: Path) -> None:
    ids = np.zeros((64, 96), dtype=np.uint8)
    ids[5:20, 5:20], ids[30:50, 30:60] = 2, 6
    Image.fromarray(ids).save(tmp_path / "ids.png")
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "pvos", "--mask", str(tmp_path / "ids.png")]
    assert main([*words, "--out", str(out), "--save", "png"]) == 0
    assert set(np.unique(read_label_map(out / "png" / "00000.png"))) == {0, 2, 6}


def _bad_inputs(folder: Path) -> dict[str, tuple[list[str], str]]:
    """Name → (words after ``segment``, part of the sentence)."""
    clip = str(folder / "clip.mp4")
    text, empty, broken = folder / "text.mp4", folder / "empty.mp4", folder / "broken.mp4"
    text.write_text("no video\n" * 99)
    empty.touch()
    broken.write_bytes((folder / "clip.mp4").read_bytes()[:1500])
    write_clip(folder / "zero.avi", 0)
    (folder / "none").mkdir()
    (folder / "sizes").mkdir()
    for index, width in enumerate((96, 96, 80)):
        Image.fromarray(picture(0, 64, width)).save(folder / "sizes" / f"{index}.png")
    Image.fromarray(np.zeros((64, 96), dtype=np.uint8)).save(folder / "blank.png")
    Image.fromarray(np.ones((10, 10), dtype=np.uint8)).save(folder / "small.png")
    (folder / "file").touch()
    vos = ["--task", "vos"]
    click = [*vos, "--point", "4,4"]
    refvos = ["--task", "refvos"]
    return {
        "missing": ([str(folder / "no.mp4"), *click], "no.mp4 does not exist"),
        "text named mp4": ([str(text), *click], "cannot be read as a video"),
        "empty file": ([str(empty), *click], "cannot be read as a video"),
        "corrupt": ([str(broken), *click], "cannot be read as a video"),
        "zero frames": ([str(folder / "zero.avi"), *click], "without a single frame"),
        "folder without images": ([str(folder / "none"), *click], "no images"),
        "size changes": ([str(folder / "sizes"), *click], "80x64 pixels"),
        "point outside": ([clip, *vos, "--point", "96,4"], "outside the picture"),
        "box outside": ([clip, *vos, "--box", "200,0,300,9"], "outside the picture"),
        "box turned round": ([clip, *vos, "--box", "30,0,10,9"], "x0 < x1"),
        "scribble outside": ([clip, *vos, "--scribble", "1,1,5,90"], "leaves the picture"),
        "frame never comes": ([clip, *vos, "--point", "1@12:4,4"], "has 12 frames"),
        "frame not read": ([clip, *vos, "--point", "1@1:4,4", "--stride", "2"], "leave out"),
        "mask of another size": (
            [clip, *vos, "--mask", f"1:{folder / 'small.png'}"],
            "10x10 pixels, but the frames are 96x64",
        ),
        "empty mask": ([clip, *vos, "--mask", f"1:{folder / 'blank.png'}"], "mask is empty"),
        "missing mask": ([clip, *vos, "--mask", "1:no.png"], "no.png: No such file"),
        "two boxes with one id": (
            [clip, *vos, "--box", "1:0,0,9,9", "--box", "1:5,5,20,20"],
            "two boxes",
        ),
        "two sentences with one id": (
            [clip, *refvos, "--text", "a dog", "--text", "a cat"],
            "two sentences",
        ),
        "only negative": ([clip, *vos, "--point", "4,4,-"], "only negative"),
        "id beyond 32 bits": ([clip, *vos, "--point", "2147483648:4,4"], "end at 2147483647"),
        "id of many digits": ([clip, *vos, "--point", f"{10**30}:4,4"], "more than 18 digits"),
        "id beyond a palette": ([clip, *vos, "--box", "256:1,1,9,9"], "holds ids up to 255"),
        "id beyond colours": (
            [clip, *vos, "--point", "16777216:4,4", "--save", "ytvis,panoptic"],
            "Object 16777216 does not fit --save panoptic, which holds ids up to 16777215",
        ),
        "sentence of bytes": ([clip, *refvos, "--text", "\udcff"], "bytes that are no text"),
        "name of bytes": ([clip, *click, "--name", "\udcff"], "bytes that are no text"),
        "category of bytes": (
            [clip, "--task", "vis", "--categories", "dog,\udcff"],
            "'\\udcff' holds bytes that are no text",
        ),
        "source of nobody": (["~nobody-here/a.mp4", *click], "~nobody-here/a.mp4 does not exist"),
        "mask of nobody": ([clip, *vos, "--mask", "~nobody-here/a.png"], "No such file"),
        "NUL": ([clip, *vos, "--mask", "a\0b.png"], "An argument holds a NUL character"),
        "id 0": ([clip, *vos, "--point", "0:4,4"], "ids start at 1"),
        "bad point": ([clip, *vos, "--point", "a,b"], "[ID@FRAME:]x,y[,-]"),
        "bad number": ([clip, *vos, "--point", "nan,3"], "[ID@FRAME:]x,y[,-]"),
        "unknown vocabulary": (
            [clip, "--task", "vis", "--vocabulary", "cocoo"],
            "Unknown vocabulary 'cocoo'",
        ),
        "no category": ([clip, "--task", "vis", "--categories", ","], "categor"),
        "category twice": ([clip, "--task", "vis", "--categories", "dog,dog"], "more than once"),
        "both lists": (
            [clip, "--task", "vis", "--categories", "dog", "--vocabulary", "coco"],
            "not allowed with",
        ),
        "categories with vos": ([clip, *click, "--categories", "dog"], "does not go with"),
        "point with vss": ([clip, "--task", "vss", "--point", "4,4"], "does not go with"),
        "text with vos": ([clip, *vos, "--text", "a dog"], "it is for refvos"),
        "point with refvos": ([clip, *refvos, "--point", "4,4"], "it is for vos, pvos"),
        "name with vis": ([clip, "--task", "vis", "--name", "1:dog"], "it is for vos, pvos"),
        "name without an object": ([clip, *click, "--name", "2:dog"], "object 2, which no prompt"),
        "two names": ([clip, *click, "--name", "dog", "--name", "cat"], "both 'dog' and 'cat'"),
        "name of a frame": ([clip, *click, "--name", "1@2:dog"], "leave @ out"),
        "name that is not among the categories": (
            [clip, "--task", "pvos", *click[2:], "--name", "sky", "--categories", "dog,cat"],
            "Unknown category 'sky'",
        ),
        "vos without a prompt": ([clip, *vos], "needs a --point"),
        "refvos without a text": ([clip, *refvos], "needs a sentence"),
        "unknown task": ([clip, "--task", "depth"], "depth"),
        "unknown format": ([clip, *click, "--save", "gif"], "Unknown format 'gif'"),
        "unknown device": ([clip, *click, "--device", "tpu"], "tpu"),
        "start behind the end": ([clip, "--task", "vis", "--start", "50"], "no frame at or after"),
        "start below 0": ([clip, *click, "--start", "-1"], "0 or more"),
        "stride 0": ([clip, *click, "--stride", "0"], "1 or more"),
        "unwritable": ([clip, *click, "--out", str(folder / "file" / "x")], "cannot be written"),
    }


def test_every_bad_input_is_one_sentence_exit_2_and_leaves_nothing(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = _bad_inputs(tmp_path)
    before = files(tmp_path)
    for name, (words, sentence) in cases.items():
        where = [] if "--out" in words else ["--out", str(tmp_path / "out" / "deep")]
        code = main(["segment", *words, *where, *([] if "--save" in words else ["--save", "png"])])
        told = capsys.readouterr()
        assert code == 2, name
        assert told.out == "", name
        assert told.err.startswith("vidseg: ") and told.err.count("\n") == 1, (name, told.err)
        assert sentence in told.err, (name, told.err)
        assert "Traceback" not in told.err
        assert files(tmp_path) == before, name
        assert not (tmp_path / "out").exists(), name


def test_unwritable_output_is_found_before_the_model_is_loaded(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "load_segmenter", lambda *_: pytest.fail("model was loaded"))
    (tmp_path / "file").touch()
    out = str(tmp_path / "file" / "out")
    assert main(["segment", str(clip), "--task", "vos", "--point", "1,1", "--out", out]) == 2


def test_model_errors_leave_no_folder(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(model: str, device: str) -> None:
        raise ModelError("No model\nis there.")

    monkeypatch.setattr(running, "load_segmenter", fail)
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vos", "--point", "1,1", "--out", str(out)]
    assert main([*words, "--save", "overlay,png,ytvis,panoptic"]) == 2
    assert capsys.readouterr().err == "vidseg: No model is there.\n"
    assert not out.exists()


def test_prompts_and_results_are_in_pixels_of_the_video_as_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "12:30.mp4", 4, size=(64, 96))
    set_matrix(clip, 0, 1, -1, 0)
    out = tmp_path / "run:1"
    words = ["segment", str(clip), "--task", "vos", "--out", str(out), "--save", "overlay,png"]
    assert main([*words, "--box", "1:10,70,40,90"]) == 0
    assert read_label_map(out / "png" / "00000.png").shape == (96, 64)
    assert open_source(out / "overlay.mp4").size == (96, 64)
    assert main([*words, "--box", "1:70,10,90,40", "--overwrite"]) == 2
    assert "outside" in capsys.readouterr().err


def test_overlay_has_the_shape_of_pixels_and_the_sound_of_the_source(tmp_path: Path) -> None:
    clip = write_with_sound(tmp_path / "wide.mp4", 10, begin=0.2, pixel_aspect=Fraction(2))
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vis", "--categories", "dog", "--out", str(out)]
    assert main(words) == 0
    assert open_source(out / "overlay.mp4").pixel_aspect == 2
    samples, rate, _ = sound_of(out / "overlay.mp4")
    assert len(samples) / rate == pytest.approx(0.4, abs=0.1)


def test_damaged_video_gives_its_whole_frames_and_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = damage(write_clip(tmp_path / "clip.mp4", key_frames=1), 5)
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vis", "--categories", "dog", "--out", str(out)]
    assert main([*words, "--save", "overlay,png,ytvis"]) == 0
    told = capsys.readouterr().out
    assert "clip.mp4: 1 damaged packet is left out" in told and "11 frames in" in told
    times = [frame.time for frame in open_source(out / "overlay.mp4")]
    assert times == pytest.approx([i / 25 for i in range(12) if i != 5], abs=1e-3)
    assert len(list((out / "png").iterdir())) == 11


def test_video_that_breaks_off_keeps_the_frames_before_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.h264"
    sizes = (96, 80)
    parts = [write_clip(tmp_path / f"{w}.h264", 8, size=(64, w)).read_bytes() for w in sizes]
    clip.write_bytes(b"".join(parts))
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", "vis", "--categories", "dog", "--out", str(out)]
    assert main([*words, "--save", "overlay,png,ytvis"]) == 2
    told = capsys.readouterr().err
    assert "frame 8 is 80x64" in told
    assert "frames before that are in" in told and told.count("\n") == 1
    kept = len(list((out / "png").iterdir()))
    assert kept == len(list(open_source(out / "overlay.mp4"))) > 5
    assert json.loads((out / "ytvis.json").read_text())[0]["score"] == 0.8, "the model's table"


CLICK = ["--task", "vos", "--point", "1,1"]


def test_results_of_an_earlier_run_are_left_alone(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["segment", str(clip), *CLICK, "--out", str(out)]
    assert main([*words, "--save", "png"]) == 0
    before = {path: path.read_bytes() for path in (out / "png").iterdir()}
    capsys.readouterr()
    monkeypatch.setattr(running, "load_segmenter", lambda *_: pytest.fail("model was loaded"))
    for formats in ("png", "overlay"):  # a video beside older PNGs would be a mixture, too
        assert main([*words, "--save", formats, "--stop", "3"]) == 2
        assert capsys.readouterr().err == (
            f"vidseg: {out} holds results already, such as png/00000.png; replace them with "
            "--overwrite or name another folder with --out.\n"
        )
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before


def test_overwriting_leaves_nothing_of_a_longer_run_and_nothing_else_is_touched(
    clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["segment", str(clip), *CLICK, "--out", str(out)]
    assert main([*words, "--save", "overlay,png,ytvis,panoptic"]) == 0
    for own in ("notes.txt", "png/mine.png"):
        (out / own).write_text("own")
    assert main([*words, "--save", "png", "--stop", "2", "--overwrite"]) == 0
    assert files(out) == ["notes.txt", "png/00000.png", "png/00001.png", "png/mine.png"]
    assert not (out / "panoptic").exists()
    assert main([*words, "--save", "overlay", "--overwrite"]) == 0
    assert files(out) == ["notes.txt", "overlay.mp4", "png/mine.png"]


@pytest.mark.parametrize("name", ["png", "panoptic"])
def test_overwriting_deletes_nothing_that_is_not_of_a_run(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Neither behind a link nor a picture such as no run writes, whatever is to be saved."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    words = ["segment", str(clip), *CLICK, "--out", str(out), "--save"]
    assert main([*words, name]) == 0
    (out / name).rename(elsewhere)
    (out / name).symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in elsewhere.iterdir()}
    capsys.readouterr()
    for formats in (name, "overlay"):
        assert main([*words, formats, "--overwrite"]) == 2
        assert f"{out / name} is a link to {elsewhere}" in capsys.readouterr().err
    (out / name).unlink()
    elsewhere.rename(out / name)
    Image.new("L", (96, 64), 7).save(out / name / "00003.png")
    assert main([*words, "overlay", "--overwrite"]) == 2
    assert "00003.png is in the way and not a result" in capsys.readouterr().err
    kept = {elsewhere / path.name: path.read_bytes() for path in (out / name).iterdir()}
    assert kept.keys() == before.keys()
    assert {path.name for path in before if kept[path] != before[path]} == {"00003.png"}


def test_overwriting_replaces_a_linked_file_and_not_what_it_names(
    clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("overlay.mp4", "ytvis.json"):
        (tmp_path / name).write_text("precious")
        (out / name).symlink_to(tmp_path / name)
    words = ["segment", str(clip), *CLICK, "--out", str(out), "--save", "overlay,ytvis"]
    assert main([*words, "--overwrite"]) == 0
    for name in ("overlay.mp4", "ytvis.json"):
        assert (tmp_path / name).read_text() == "precious"
        assert not (out / name).is_symlink()


def test_results_are_kept_where_a_run_that_should_replace_them_gives_no_frame(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: str, device: str) -> None:
        raise ModelError("No model is there.")

    out = tmp_path / "out"
    words = ["segment", str(clip), *CLICK, "--out", str(out), "--save", "overlay,png"]
    assert main(words) == 0
    before = files(out)
    monkeypatch.setattr(running, "load_segmenter", fail)
    assert main([*words, "--overwrite"]) == 2
    assert files(out) == before


def test_results_that_are_the_source_are_not_replaced(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["segment", str(clip), *CLICK, "--out", str(out), "--save", "overlay,png"]) == 0
    before = files(out)
    for source in ("overlay.mp4", "png", "png/*.png", "png/00003.png"):
        words = ["segment", str(out / source), *CLICK, "--out", str(out), "--overwrite"]
        capsys.readouterr()
        assert main(words) == 2, source
        assert "is read and cannot be replaced" in capsys.readouterr().err, source
    assert files(out) == before
