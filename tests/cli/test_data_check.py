"""``vidseg data check`` in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidseg.cli.main import main

from ..datasets.image_layouts import write_image_layout


def test_clean_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_image_layout("lvis", tmp_path)
    assert main(["data", "check", "lvis", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "val: 2 images, 3 categories, 4 objects" in told and "nothing is wrong" in told


def test_all_faults_are_shown_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_image_layout("sa1b", tmp_path / "sa1b")
    pictures = sorted(folder.rglob("*.jpg"))
    pictures[0].unlink()
    pictures[1].write_bytes(b"")
    out = tmp_path / "out" / "faults.json"
    assert main(["data", "check", "sa1b", str(folder), "--json", str(out)]) == 2
    told = capsys.readouterr().out
    assert f"There is no {pictures[0]}" in told and f"{pictures[1]}: it is empty" in told
    assert "2 errors, 0 warnings" in told
    content = json.loads(out.read_text())
    assert content["errors"] == 2 and content["counts"] == {"": {"images": 2}}
    assert {row["file"] for row in content["findings"]} == {str(path) for path in pictures}
    assert {row["severity"] for row in content["findings"]} == {"error"}


def test_warnings_leave_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_image_layout("coco_instances", tmp_path)
    assert main(["data", "check", "coco_instances", str(folder), "--split", "val"]) == 0
    told = capsys.readouterr().out
    assert "has 2 images in val, the release of coco_instances 5000" in told
    assert "0 errors" in told and "train" not in told.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["imagenet", "."], "Unknown dataset 'imagenet'"),
        (["lvis", "no-such-folder"], "There is no folder no-such-folder"),
        (["lvis", ".", "--split", "dev"], "has no split 'dev'"),
        (["sa1b", ".", "--split", "val"], "it has none"),
    ],
)
def test_wrong_input_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith("vidseg: ") and sentence in told and told.count("\n") == 1


def test_areas_of_scaled_pictures_are_warnings_and_few_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever scales COCO often leaves the areas as they were; the masks are sound."""
    folder = write_image_layout("coco_instances", tmp_path)
    (file,) = folder.rglob("instances_val2017.json")
    content = json.loads(file.read_text())
    row = content["annotations"][0]
    copies = [{**row, "id": 1000 + k, "area": 3000} for k in range(25)]
    content["annotations"] += copies
    file.write_text(json.dumps(content))
    words = ["data", "check", "coco_instances", str(folder), "--split", "val"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "areas (25)" in told and told.count("written beside it") == 20
    assert "and 5 more of this kind" in told and "--json FILE writes all of them." in told
    out = tmp_path / "faults.json"
    assert main([*words, "--json", str(out)]) == 0
    assert sum(row["group"] == "areas" for row in json.loads(out.read_text())["findings"]) == 25
    assert "--json FILE" not in capsys.readouterr().out
