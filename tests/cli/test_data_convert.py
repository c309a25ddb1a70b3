from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.cli.main import main


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    place = tmp_path / "davis"
    for frame in range(2):
        path = place / "bear" / f"{frame:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array([[0, 1, 1], [7, 7, 0]], dtype=np.uint8)).save(path)
    return place


def convert(*words: str | Path) -> int:
    return main(["data", "convert", *map(str, words)])


def test_from_davis_to_coco_and_back(
    davis: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    assert convert(davis, file, "--from", "davis", "--to", "coco", "--categories", "object") == 0
    assert "1 videos, 2 frames, 4 masks in COCO instances." in capsys.readouterr().out
    assert [row["track_id"] for row in json.loads(file.read_text())["annotations"]] == [1, 7, 1, 7]
    assert convert(file, tmp_path / "back", "--from", "coco", "--to", "davis") == 2
    assert "davis cannot hold classes (1 class, first: 'object')" in capsys.readouterr().err
    assert not (tmp_path / "back").exists()
    back = tmp_path / "back"
    assert convert(file, back, "--from", "coco", "--to", "davis", "--allow", "classes") == 0
    out = capsys.readouterr().out
    assert "lost: classes (1 class, first: 'object'): objects lose theirs" in out
    for path in davis.rglob("*.png"):
        again = np.asarray(Image.open(back / path.relative_to(davis)))
        assert np.array_equal(again, np.asarray(Image.open(path)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "davis", "--to", "cocoa"], "Unknown format 'cocoa'. Did you mean 'coco'?"),
        (["--from", "davos", "--to", "coco"], "Unknown format or dataset 'davos'; formats are"),
        (["--from", "davis", "--to", "coco"], "needs one; give one name for all such objects"),
        (["--from", "davis", "--to", "coco", "--allow", "all"], "Unknown loss 'all' to allow"),
        (["--from", "davis", "--to", "coco", "--split", "val"], "leave out --split"),
        (["--from", "ytvis", "--to", "coco"], "holds no YouTube-VIS file"),
    ],
)
def test_refusals(
    davis: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    assert convert(davis, tmp_path / "out", *words) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_files_is_not_named_as_one_file(
    davis: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "tasks.json"
    words = ["--from", "davis", "--to", "label_studio", "--categories", "object"]
    assert convert(davis, target, *words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and f"{target} is the name of one file; name a folder" in told
    assert not target.exists()


def test_from_a_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "coco"
    rows = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 3, "height": 2}],
        "categories": [{"id": 18, "name": "dog"}],
        "annotations": [
            {
                "id": 5,
                "image_id": 1,
                "category_id": 18,
                "iscrowd": 0,
                "area": 4,
                "bbox": [0, 0, 2, 2],
                "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]],
            }
        ],
    }
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(rows))
    (folder / "val2017").mkdir()
    Image.new("RGB", (3, 2)).save(folder / "val2017" / "1.jpg")
    out = tmp_path / "out"
    words = ["--from", "coco_instances", "--split", "val", "--to", "labelme"]
    assert convert(folder, out, *words) == 0, capsys.readouterr().err
    assert "1 videos, 1 frames, 1 masks in LabelMe JSON." in capsys.readouterr().out
    shape = json.loads(next(out.rglob("*.json")).read_text())["shapes"][0]
    assert (shape["label"], shape["points"]) == ("dog", [[0, 0], [1, 1]])


def test_torch_is_not_loaded(davis: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from vidseg.cli.main import main; "
        f"code = main(['data', 'convert', {str(davis)!r}, {str(tmp_path / 'o')!r}, '--from', "
        "'davis', '--to', 'ytvis', '--categories', 'object']); "
        "sys.exit(code or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
