"""``vidseg data show``: sheets, videos and one sentence for each wrong input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.cli.data_show import file_name
from vidseg.cli.main import main
from vidseg.video.source import open_source

from ..datasets.image_layouts import write_image_layout

SIZE = (48, 64)


def write_davis(folder: Path, videos: dict[str, int], labelled: int | None = None) -> Path:
    """DAVIS 2017 with a square that moves right; only the first ``labelled`` frames have masks."""
    for name, frames in videos.items():
        for frame in range(frames):
            ids = np.zeros(SIZE, np.uint8)
            ids[10:30, 4 + frame : 24 + frame] = 1
            picture = np.full((*SIZE, 3), 90 + 5 * frame, np.uint8)
            for kind, array, ending in (
                ("JPEGImages", picture, "jpg"),
                ("Annotations", ids, "png"),
            ):
                if kind == "Annotations" and labelled is not None and frame >= labelled:
                    continue
                path = folder / kind / "480p" / name / f"{frame:05}.{ending}"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(path)
    lists = folder / "ImageSets" / "2017"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("\n".join(videos) + "\n")
    return folder


def page(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return image.size


def test_the_first_videos_get_a_sheet_and_a_video_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_davis(tmp_path / "davis", dict.fromkeys("abcde", 5))
    out = tmp_path / "out"
    assert main(["data", "show", "davis2017", str(folder), "--out", str(out)]) == 0
    told = capsys.readouterr().out.split()
    assert told == [str(out / f"{name}.{kind}") for name in "abcd" for kind in ("png", "mp4")]
    assert sorted(path.name for path in out.iterdir()) == sorted(Path(line).name for line in told)
    # five tiles of 480 pixels in rows of four, 8 pixels between them and around the page
    assert page(out / "a.png")[0] == 4 * 480 + 3 * 8 + 2 * 8
    with open_source(out / "a.mp4") as video:
        frames = list(video)
    assert len(frames) == 5 and frames[0].size == SIZE
    red = frames[4].image[20, 20].astype(int)  # inside of the square, which has moved on
    assert red[0] > red[1] + 30


def test_one_video_and_the_number_of_frames(tmp_path: Path) -> None:
    folder = write_davis(tmp_path / "davis", {"a": 6, "b": 6})
    out = tmp_path / "out"
    words = ["data", "show", "davis2017", str(folder), "b", "--frames", "2", "--out", str(out)]
    assert main(words) == 0
    assert sorted(path.name for path in out.iterdir()) == ["b.mp4", "b.png"]
    assert page(out / "b.png")[0] == 2 * 480 + 8 + 2 * 8


def test_sheets_show_the_frames_that_are_labelled(tmp_path: Path) -> None:
    folder = write_davis(tmp_path / "davis", {"a": 9}, labelled=3)
    out = tmp_path / "out"
    assert main(["data", "show", "davis2017", str(folder), "a", "--out", str(out)]) == 0
    assert page(out / "a.png")[0] == 3 * 480 + 2 * 8 + 2 * 8
    with open_source(out / "a.mp4") as video:
        assert len(list(video)) == 3


def test_stills_come_on_one_sheet(tmp_path: Path) -> None:
    folder = write_image_layout("refcoco", tmp_path / "refcoco")
    out = tmp_path / "out"
    assert main(["data", "show", "refcoco", str(folder), "--out", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["refcoco.png"]
    without = write_image_layout("coco_instances", tmp_path / "coco")
    words = ["data", "show", "coco_instances", str(without), "--split", "val", "--out", str(out)]
    assert main(words) == 0
    # The sheet with sentences has their two lines more.
    heights = [page(out / name)[1] for name in ("refcoco.png", "coco_instances_val.png")]
    assert heights[0] > heights[1] + 30


def test_one_still_beside_its_plain_picture(tmp_path: Path) -> None:
    folder = write_image_layout("coco_panoptic", tmp_path / "coco")
    out = tmp_path / "out"
    words = ["data", "show", "coco_panoptic", str(folder), "00000201", "--split", "val"]
    assert main([*words, "--out", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["00000201.png"]
    sheet = np.asarray(Image.open(out / "00000201.png"))
    assert sheet.shape[1] == 2 * 760 + 8 + 2 * 8
    left, right = sheet[60:500, 8:768].astype(int), sheet[60:500, 776:1536].astype(int)
    assert np.abs(left - right).max() > 50


def test_a_label_file_with_its_pictures(tmp_path: Path) -> None:
    folder = write_image_layout("coco_instances", tmp_path / "coco")
    file, out = folder / "annotations" / "instances_val2017.json", tmp_path / "out"
    words = ["data", "show", "coco", str(file), "--pictures", str(folder / "val2017")]
    assert main([*words, "--out", str(out)]) == 0
    assert len(list(out.glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["davis2071", "{}"], "Unknown dataset or format 'davis2071'"),
        (["davis2017", "{}", "bb"], "has no video 'bb'; did you mean 'b'?"),
        (["davis2017", "{}", "--split", "best"], "no split 'best'"),
        (["davis2017", "{}", "--frames", "0"], "needs a whole number of 1 or more"),
        (["davis2017", "{}", "--pictures", "x"], "leave out --pictures"),
        (["ytvis", "{}", "--split", "val"], "ytvis is a format and has no splits"),
        (["davis2017", "{}/none"], "none"),
    ],
)
def test_wrong_input_is_one_sentence(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_davis(tmp_path / "davis", {"a": 2, "b": 2})
    filled = [word.replace("{}", str(folder)) for word in words]
    assert main(["data", "show", *filled, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_a_picture_of_another_size_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_image_layout("coco_instances", tmp_path / "coco")
    Image.new("RGB", (20, 10)).save(folder / "val2017" / "000000000200.jpg")
    words = ["data", "show", "coco_instances", str(folder), "--split", "val"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "000000000200 is 20 x 10 (width x height), its labels are 56 x 40" in told
    assert not (tmp_path / "out").exists()


def test_names_of_files() -> None:
    assert file_name("0000/seq a") == "0000_seq_a"
    assert file_name("../etc") == "_etc"
    assert file_name("...") == "video"
