"""``vidseg ablation`` on drawn data: two rows of two steps, measured by all tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidseg.cli.main import main

from ..datasets.layouts import write_layout
from .small_recipes import small_settings

SMALL_GVSEG = (
    "model.overrides={backbone: {stem_channels: 8, channels: [8, 8, 8, 8, 8, 8, 8], "
    "depths: [1, 1, 1, 1, 1, 1, 1]}, pixel_decoder: {hidden: 16, mask_dim: 16}, grid: 2, "
    "decoder: {hidden: 16, heads: 2, layers: 1, ffn: 16, queries: 4}, "
    "classes: [sky, building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist]}"
)


def test_two_rows_end_to_end(
    tmp_path: Path,
    panoptic_folder: Path,
    instances_folder: Path,
    label_map_folder: Path,
    davis_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_layout("davis2016", tmp_path / "davis2016-dev")
    settings = [s for s in small_settings(tmp_path) if not s.startswith(("model.", "schedule="))]
    line = ["ablation", "gvseg_nano", *settings, SMALL_GVSEG, "data.frames=4", "data.clips=1"]
    line += [
        "objective.clip_frames=2",
        "evaluation.benchmarks.camvid-vps.folder=street/train",
        "evaluation.benchmarks.camvid-vps.most_videos=1",
        "--rows", "a1,d1", "--steps", "2", "--out", str(tmp_path / "table"),
    ]  # fmt: skip
    assert main(line) == 0
    table = json.loads((tmp_path / "table" / "table.json").read_text(encoding="utf-8"))
    assert [row["row"] for row in table["rows"]] == ["a1", "d1"]
    for row in table["rows"]:
        assert {"davis2016-dev/J&F", "camvid-val/mIoU", "camvid-vps/VPQ"} <= set(row["figures"])
    assert len(list((tmp_path / "table" / "trainings").iterdir())) == 2
    assert "| a1 | Baseline |" in capsys.readouterr().out
