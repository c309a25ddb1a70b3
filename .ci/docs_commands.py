"""Runs the commands and the Python of the pages in docs: docs_commands.py FOLDER.

They run in FOLDER, beside tiny drawn datasets, labels and predictions under the names that the
pages use.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from markdown_commands import run_blocks
from readme_commands import write_clip

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.datasets.conftest import (  # noqa: E402
    draw_davis,
    draw_instances,
    draw_label_maps,
    draw_panoptic,
)
from tests.datasets.image_layouts import write_image_layout  # noqa: E402
from tests.datasets.layouts import write_layout  # noqa: E402
from tests.evaluation.tiny_benchmarks import write_tiny  # noqa: E402

PAGES = ("evaluate.md", "data.md", "train.md", "weights.md", "gvseg.md")


def write_benchmark(name: str, folder: Path, truth: str, predicted: str) -> None:
    """A ground truth and its prediction at the places that a page names."""
    written = folder / "written" / name
    write_tiny(name, written)
    (written / "gt").rename(folder / truth)
    (folder / predicted).parent.mkdir(exist_ok=True)
    (written / "pred").rename(folder / predicted)


def write_labels(folder: Path) -> None:
    """``out/ytvis.json`` without crowds, and its pictures in ``frames``."""
    write_layout("ytvis2021", folder / "written" / "ytvis")
    train = folder / "written" / "ytvis" / "train"
    labels = json.loads((train / "instances.json").read_text(encoding="utf-8"))
    for row in labels["annotations"]:
        row["iscrowd"] = 0
    (folder / "out" / "ytvis.json").write_text(json.dumps(labels), encoding="utf-8")
    (train / "JPEGImages").rename(folder / "frames")


def write_training_data(data: Path, streets: Path) -> None:
    """The folder that the recipes of the default model read."""
    for name in ("voc-animals", "coco-mini", "camvid", "video-extra"):
        (data / name).mkdir(parents=True)
    draw_panoptic(data / "voc-animals")
    draw_instances(data / "coco-mini")
    draw_davis(data / "video-extra")
    drawn = draw_label_maps(streets)
    for split in ("train", "val"):
        shutil.copytree(drawn, data / "camvid" / split)
    write_layout("davis2016", data / "davis2016-dev")


def write_files(folder: Path) -> None:
    """What the pages speak of."""
    write_clip(folder / "clip.mp4")
    write_benchmark("davis2017", folder, "DAVIS", "results/davis")
    write_benchmark("vipseg", folder, "VIPSeg", "results/vipseg")
    write_benchmark("mose", folder, "MOSE", "out/mose")
    (folder / "MOSE" / "train").rename(folder / "MOSE" / "valid")
    write_layout("ovis", folder / "OVIS")
    write_labels(folder)
    value = {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["dog"]}
    region = {"id": "r", "type": "rectanglelabels", "from_name": "label", "to_name": "image",
              "original_width": 32, "original_height": 24, "value": value}  # fmt: skip
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"id": 1, "result": [region]}]}
    (folder / "tasks.json").write_text(json.dumps([task]), encoding="utf-8")
    write_image_layout("coco_panoptic", folder / "coco")
    write_training_data(folder / "data", folder / "written" / "streets")
    write_layout("davis2017", folder / "datasets" / "DAVIS2017")
    shutil.rmtree(folder / "written")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    write_files(folder)
    for page in PAGES:
        run_blocks(ROOT / "docs" / page, folder)


if __name__ == "__main__":
    main()
