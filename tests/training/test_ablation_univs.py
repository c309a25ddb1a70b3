"""The ablations of UniVS: the figures of the papers, rows that can run, trainings in a chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from vidseg.cli.main import main
from vidseg.errors import RecipeError
from vidseg.inference.config import InferenceConfig
from vidseg.models.univs.config import UniVSConfig
from vidseg.training.ablation.run import Ablation, run_ablation, wanted_rows
from vidseg.training.ablation.univs import ROWS
from vidseg.training.recipe.schema import Recipe
from vidseg.training.run.starting_model import model_config

from ..datasets.layouts import write_layout
from .small_recipes import small_settings

RECIPE = "univs_r50_stage2"
BENCHMARKS = (
    "evaluation.benchmarks.vps={kind: vipseg, folder: VIPSeg, split: val, task: vps}",
    "evaluation.benchmarks.vos={kind: davis2017, folder: DAVIS, split: val, task: vos}",
    "evaluation.benchmarks.ref={kind: ref_davis, folder: REF, split: valid, task: refvos}",
)
BY_NAME = {row.name: row for row in ROWS}


def ablation(**changes: object) -> Ablation:
    values = {"recipe": RECIPE, "settings": BENCHMARKS, "out": Path("runs/x"), "rows": ROWS}
    return Ablation(**{**values, **changes})  # type: ignore[arg-type]


def plan(name: str) -> tuple[Recipe, ...]:
    return ablation().trainings(BY_NAME[name])


def test_figures_are_those_of_the_papers() -> None:
    """Tables 4a and 4b; supplement Tables 3, 4b, 4c, 5 and 7, copied from the text."""
    assert {name: tuple(row.published.values()) for name, row in BY_NAME.items()} == {
        "a1": (45.9, 17.2, 40.1, 37.9),
        "a2": (39.9, 10.0, 40.6, 37.3, 58.6, 42.1),
        "a3": (52.7, 21.7, 35.4, 49.2, 67.4, 54.9),
        "b1": (50.7, 15.0, 35.9, 44.5, 60.8),
        "b2": (52.7, 21.7, 35.4, 49.2, 67.4, 54.9),
        "b3": (54.7, 23.6, 38.6, 45.8, 69.2, 56.2),
        "c1": (45.9, 17.2, 40.1, 37.9),
        "c2": (49.2, 14.7, 39.3, 34.2, 62.1),
        "c3": (52.7, 21.7, 35.4, 49.2, 67.4, 54.9),
        "d1": (61.8, 59.7, 57.1, 68.2, 62.1),
        "d2": (57.9, 58.4, 55.0, 63.5, 54.5),
        "d3": (48.5, 41.0, 46.5, 51.0, 55.5),
        "d4": (38.7, 36.1, 41.3),
        "d5": (55.7, 53.9, 57.5),
        "d6": (55.1, 53.5, 56.8),
        "e1": (54.8, 24.2, 38.3, 46.2),
        "e2": (54.6, 23.7, 38.6, 45.8),
        "e3": (54.6, 23.4, 38.4, 45.8),
        "e4": (53.0, 22.1, 38.2, 45.2),
        "e5": (52.6, 22.0, 37.7, 45.1),
        "f1": (70.8, 63.4, 61.9, 73.9, 68.4, 66.8),
        "f2": (75.0, 59.2, 54.2, 67.9, 78.1, 64.9),
    }  # fmt: skip


@pytest.mark.parametrize("name", BY_NAME)
def test_every_row_is_recipes_that_can_run(name: str) -> None:
    for recipe in plan(name):
        assert isinstance(model_config(recipe.model), UniVSConfig)
        InferenceConfig().override(recipe.evaluation.settings)


def test_rows_say_what_the_tables_say() -> None:
    decoders = {
        n: model_config(plan(n)[-1].model).to_dict()["decoder"] for n in ("a1", "a2", "a3", "c2")
    }
    shown = {n: (d["prompts_as_queries"], d["proca"]) for n, d in decoders.items()}
    assert shown == {
        "a1": (False, False), "a2": (True, False), "a3": (True, True), "c2": (False, False)
    }  # fmt: skip
    assert [plan(n)[-1].objective.prompts.asked for n in ("a1", "a2", "c2")] == [False, True, True]
    settings = {n: dict(plan(n)[-1].evaluation.settings) for n in BY_NAME}
    assert settings["b1"] == {"association": "similarity"} and settings["b2"] == {}
    assert [settings[f"d{k}"]["separation"] for k in range(1, 7)] == [
        "sep", "sep-entity", "sep-entity-learnable", "sep", "sep-entity", "sep-entity"
    ]  # fmt: skip
    assert [settings[f"d{k}"]["grounding_average"] for k in (4, 5, 6)] == [False, False, True]
    assert [settings[f"e{k}"]["detection_interval"] for k in range(1, 6)] == [1, 3, 5, 7, 9]
    assert {settings[f"e{k}"]["clip_length"] for k in range(1, 6)} == {5}
    first, second = plan("f2")
    assert {s.name for s in first.data.sources} == {"coco_panoptic", "lvis"}
    assert {s.name for s in second.data.sources} == {
        "coco_panoptic", "lvis", "ytvis2021", "ovis", "vipseg"
    }  # fmt: skip
    asked = {n: {b.task for b in plan(n)[-1].evaluation.benchmarks} for n in ("a1", "b1", "b2")}
    assert asked == {"a1": {"vps"}, "b1": {"vps", "vos"}, "b2": {"vps", "vos", "refvos"}}


def test_stages_follow_each_other() -> None:
    """Rows of another model train stage 1 anew; stage 3 begins with the weights of the recipe."""
    whole = ablation()
    (alone,) = plan("b2")
    assert alone.init.start == "runs/univs_r50_stage1"
    first, second = plan("a2")
    assert first.data.frames == 1 and first.init.start == "mask2former_r50"
    assert second.data.frames == 3 and second.init.start == str(whole.folder(first))
    assert not model_config(first.model).to_dict()["decoder"]["proca"]
    same, long = plan("b3")
    assert whole.folder(same) == whole.folder(alone)
    assert long.objective.kind == "long_video" and long.init.start == str(whole.folder(same))
    assert long.evaluation == same.evaluation
    assert {whole.folder(plan(n)[-1]) for n in ("a3", "b1", "b2", "c3", "d1", "d6", "f1")} == {
        whole.folder(alone)
    }
    assert {whole.folder(plan(f"e{k}")[-1]) for k in range(1, 6)} == {whole.folder(long)}


def test_stage_3_needs_a_recipe(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"base: {RECIPE}\n")
    with pytest.raises(RecipeError, match=r"Row b3 goes on to stage 3, which .* has none of"):
        ablation(recipe=str(mine)).trainings(BY_NAME["b3"])


def test_a_chain_is_trained_once(tmp_path: Path) -> None:
    trained: list[str] = []

    def train(recipe: Recipe, out: Path) -> None:
        trained.append(recipe.objective.kind)

    def measure(recipe: Recipe, out: Path) -> Mapping[str, float]:
        return {f"{b.name}/x": 1.0 for b in recipe.evaluation.benchmarks}

    rows = wanted_rows("a1,b3", ROWS)
    table = run_ablation(ablation(out=tmp_path, rows=rows), train, measure).read_text()
    assert trained == ["clips", "clips", "clips", "long_video"]
    assert "| a1 | Baseline | 1.00 | – | – | 45.9 | 17.2 | 40.1 | 37.9 | – | – |" in table
    assert "| b3 | tracker by prompts, stage 3 | 1.00 | 1.00 | 1.00 | 54.7 | 23.6 |" in table


def test_rows_end_to_end(
    tmp_path: Path,
    panoptic_folder: Path,
    instances_folder: Path,
    label_map_folder: Path,
    davis_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A baseline without prompts, the tracker by similarity and sentences that see each other."""
    write_layout("davis2016", tmp_path / "davis2016-dev")
    write_layout("ref_davis", tmp_path / "ref")
    settings = [s for s in small_settings(tmp_path) if not s.startswith("schedule=")]
    line = ["ablation", "nano_stage1", "objective.kind=clips", *settings, "data.clips=1"]
    line += [
        "evaluation.benchmarks.stuff={kind: label_map_videos, folder: street/train, task: pvos}",
        "evaluation.benchmarks.stuff.most_videos=1",
        "evaluation.benchmarks.stuff.short_side=32",
        "evaluation.benchmarks.ref={kind: ref_davis, folder: ref, task: refvos, short_side: 32}",
        "evaluation.benchmarks.ref.most_videos=1",
        "--rows", "a1,b1,d3,d4", "--steps", "1", "--out", str(tmp_path / "table"),
    ]  # fmt: skip
    assert main(line) == 0, capsys.readouterr().err
    rows = json.loads((tmp_path / "table" / "table.json").read_text(encoding="utf-8"))["rows"]
    figures = {row["row"]: set(row["figures"]) for row in rows}
    assert figures["a1"] == {"camvid-val/mIoU", "camvid-val/pixel accuracy"}
    assert "davis2016-dev/J&F" in figures["b1"] and "ref/J&F" not in figures["b1"]
    for name in ("d3", "d4"):
        assert {"ref/J&F", "stuff/J&F", "davis2016-dev/J&F"} <= figures[name]
    assert "paper RefYT J&F" in capsys.readouterr().out
