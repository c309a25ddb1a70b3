"""The ablation: every row is an override that works, and the run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from vidseg.cli.main import main
from vidseg.errors import RecipeError, TrainingError
from vidseg.inference.config import InferenceConfig
from vidseg.models.gvseg.config import GvSegConfig
from vidseg.training.ablation.gvseg import ROWS
from vidseg.training.ablation.row import AblationRow
from vidseg.training.ablation.run import Ablation, run_ablation, training_name, wanted_rows
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import Recipe
from vidseg.training.run.starting_model import model_config

RECIPE = "gvseg_r50_vipseg"
BY_NAME = {row.name: row for row in ROWS}


def recipe_of(name: str) -> Recipe:
    return Ablation(recipe=RECIPE, settings=(), out=Path("x"), rows=ROWS).of(BY_NAME[name])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_a_recipe_that_can_run(row: AblationRow) -> None:
    recipe = recipe_of(row.name)
    assert isinstance(model_config(recipe.model), GvSegConfig)
    InferenceConfig().override(recipe.evaluation.settings)


def test_rows_say_what_table_4_says() -> None:
    contrast = {name: recipe_of(name).objective.contrast for name in BY_NAME}
    assert {(c.tau, c.queue) for n, c in contrast.items() if n[0] == "b"} == {
        (0.1, 100), (0.2, 100), (0.2, 200), (0.3, 100), (0.3, 200)
    }  # fmt: skip
    assert [(contrast[f"e{k}"].things, contrast[f"e{k}"].stuff) for k in (1, 2, 3, 4)] == [
        ("frame", "frame"), ("frame", "dataset"), ("video", "frame"), ("video", "dataset")
    ]  # fmt: skip
    configs = {name: model_config(recipe_of(name).model).to_dict() for name in BY_NAME}
    sizes = [configs[f"c{k}"]["descriptor"] for k in (1, 2, 3, 4, 5)]
    assert [(s["angles"], s["radii"]) for s in sizes] == [
        (12, 6), (24, 12), (36, 12), (36, 18), (48, 12)
    ]  # fmt: skip
    shown = [(configs[f"a{k}"]["shape_aware"], configs[f"a{k}"]["initial"]) for k in range(1, 6)]
    assert shown == [
        (False, "learned"), (True, "learned"), (True, "task"), (False, "learned"), (True, "task")
    ]  # fmt: skip


def test_rows_that_train_alike_share_a_training() -> None:
    """The paper's own setting stands in every part; part d differs in association alone."""
    names = {row.name: training_name(recipe_of(row.name)) for row in ROWS}
    own = {name for name, training in names.items() if training == names["a5"]}
    assert own == {"a5", "b2", "c3", "d1", "d2", "d3", "d4", "e4"}
    assert names["a3"] == names["e1"]
    assert len(set(names.values())) == 15


def test_a_shorter_run_keeps_its_decays() -> None:
    """7000 of 10 000 steps are 7 of 10."""
    short = Ablation(recipe=RECIPE, settings=(), out=Path("x"), rows=ROWS, steps=10).of(
        BY_NAME["a5"]
    )
    assert (short.schedule.iterations, short.schedule.steps) == (10, (7,))


def test_rows_by_name() -> None:
    assert [row.name for row in wanted_rows("e1, b", ROWS)] == ["b1", "b2", "b3", "b4", "b5", "e1"]
    assert wanted_rows(None, ROWS) == ROWS
    with pytest.raises(RecipeError, match="'f', which is no row"):
        wanted_rows("a,f", ROWS)


class Machine:
    """Stands in for training and measuring, and counts."""

    def __init__(self) -> None:
        self.trained: list[str] = []
        self.broken = False

    def train(self, recipe: Recipe, out: Path) -> None:
        assert recipe.engine.evaluate_every == 0
        if self.broken and recipe.objective.contrast.stuff == "frame":
            raise TrainingError("The loss is nan in step 3.")
        self.trained.append(out.name)

    def measure(self, recipe: Recipe, out: Path) -> Mapping[str, float]:
        return {"val/VPQ": 12.345, "val/STQ": float(len(self.trained))}


def small(out: Path) -> Ablation:
    rows = wanted_rows("a5,e1,d2", ROWS)
    return Ablation(recipe=RECIPE, settings=(), out=out, rows=rows, command="vidseg ablation X")


def test_a_failed_row_is_told_and_tried_again(tmp_path: Path) -> None:
    machine = Machine()
    machine.broken = True
    with pytest.raises(TrainingError, match=r"1 of 3 rows failed \(e1: The loss is nan in step 3"):
        run_ablation(small(tmp_path), machine.train, machine.measure)
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| a5 | GvSeg | 12.35 | 1.00 | 44.0 | 44.9 |" in table
    assert "- e1 failed: The loss is nan in step 3." in table
    machine.broken = False
    before = len(machine.trained)
    run_ablation(small(tmp_path), machine.train, machine.measure)
    assert len(machine.trained) == before + 1
    told = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert [row["row"] for row in told["rows"]] == ["a5", "d2", "e1"]
    assert told["command"] == "vidseg ablation X" and told["data"] == "datasets"
    assert told["rows"][2]["figures"]["val/VPQ"] == 12.345


def test_a_changed_recipe_is_measured_anew(tmp_path: Path) -> None:
    machine = Machine()
    run_ablation(small(tmp_path), machine.train, machine.measure)
    before = len(machine.trained)
    changed = replace(small(tmp_path), settings=("optimiser.lr=1e-4",))
    run_ablation(changed, machine.train, machine.measure)
    assert len(machine.trained) == 2 * before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nano_stage1"], "has the objective stream"),
        ([RECIPE, "evaluation.benchmarks.val=null"], "has no evaluation.benchmarks"),
        ([RECIPE, "--rows", "z"], "no row of the ablation"),
    ],
)
def test_what_cannot_be_ablated(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ablation", *words, "--out", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_the_default_is_the_recipe_itself() -> None:
    assert recipe_of("a5") == read_recipe(RECIPE)
