"""``vidseg data stats``: tables for people, JSON for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vidseg.cli.main import main

from ..datasets.image_layouts import IMAGE_LAYOUTS, write_image_layout

RED_AREA, BLUE_AREA = 12 * 14, 15 * 18  # the rectangles of the layouts


def test_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_image_layout("coco_instances", tmp_path)
    assert main(["data", "stats", "coco_instances", str(folder), "--split", "val"]) == 0
    told = capsys.readouterr().out
    rows = [
        [cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
        for line in told.splitlines()
    ]
    assert ["stills", "2"] in rows
    assert ["sizes (width x height)", "56 x 40"] in rows
    assert ["objects", "4, of them crowds: 1"] in rows
    # 2 · 168 = 336 and 2 · 270 = 540 of 876 pixels
    assert ["person", "thing", "2", "1", "2", "540", "61.6%"] in rows
    assert ["dog", "thing", "2", "", "2", "336", "38.4%"] in rows


def test_sentences_and_void_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_image_layout("refcoco", tmp_path / "a")
    assert main(["data", "stats", "refcoco", str(folder)]) == 0
    assert "4 on 2 objects" in capsys.readouterr().out
    folder = write_image_layout("ade20k_panoptic", tmp_path / "b")
    assert main(["data", "stats", "ade20k_panoptic", str(folder), "--split", "val"]) == 0
    assert "7.5% of the pixels" in capsys.readouterr().out  # 3 of 40 rows


@pytest.mark.parametrize("name", IMAGE_LAYOUTS)
def test_json(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_image_layout(name, tmp_path / "data")
    file = tmp_path / "new" / "stats.json"
    split = [] if name == "sa1b" else ["--split", "train"]
    assert main(["data", "stats", name, str(folder), *split, "--json", str(file)]) == 0
    assert str(file) in capsys.readouterr().out.replace("\n", "")
    numbers = json.loads(file.read_text())
    assert numbers["frames"] == numbers["labelled_frames"] == numbers["videos"]
    assert numbers["masks"] == numbers["objects"] == sum(c["masks"] for c in numbers["classes"])
    assert numbers["sizes"] == [{"height": 40, "width": 56, "frames": numbers["videos"]}]
    if name in ("lvis", "coco_instances"):
        pixels = {row["pixels"] for row in numbers["classes"] if row["objects"]}
        assert pixels == {2 * RED_AREA, 2 * BLUE_AREA}


def test_damaged_labels_are_one_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_image_layout("coco_panoptic", tmp_path / "coco")
    (folder / "annotations" / "panoptic_val2017" / "00000201.png").unlink()
    file = tmp_path / "stats.json"
    words = ["data", "stats", "coco_panoptic", str(folder), "--split", "val", "--json", str(file)]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "00000201.png" in told and told.count("\n") == 1
    assert not file.exists()


def test_counting_loads_no_torch(tmp_path: Path) -> None:
    folder = write_image_layout("coco_instances", tmp_path)
    words = ["data", "stats", "coco_instances", str(folder), "--split", "val"]
    code = (
        "import sys\n"
        "from vidseg.cli.main import main\n"
        f"assert main({words!r}) == 0\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
