"""The run that fills in an ablation table: each row is trained and measured."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import RecipeError, TrainingError, VidsegError
from ...formats.atomic import replacing
from ...formats.output_places import output_folder
from ..recipe.reading import read_recipe, recipe_names, recipe_text
from ..recipe.schema import EvaluationConfig, InitConfig, Recipe
from ..run.starting_model import model_config
from . import gvseg, univs
from .row import AblationRow

Figures = Mapping[str, float]
Train = Callable[[Recipe, Path], None]
"""Trains into a folder, going on from what lies there."""
Measure = Callable[[Recipe, Path], Figures]
"""Figures of the model of a training folder, by ``benchmark/figure``."""


TABLES: Mapping[str, tuple[AblationRow, ...]] = {"gvseg": gvseg.ROWS, "clips": univs.ROWS}
"""Rows by the objective of the recipe: GvSeg's, and those of stage 2 of UniVS."""


def table_of(name: str, recipe: Recipe) -> tuple[AblationRow, ...]:
    """The table that a recipe can fill in. Raises RecipeError where there is none."""
    kind = recipe.objective.kind
    if kind not in TABLES:
        raise RecipeError(
            f"Recipe {name} has the objective {kind}; an ablation needs one of gvseg, such as "
            f"gvseg_r50_vipseg, or of clips, such as univs_r50_stage2."
        )
    if not recipe.evaluation.benchmarks:
        raise RecipeError(
            f"Recipe {name} has no evaluation.benchmarks; an ablation measures on them."
        )
    return TABLES[kind]


def wanted_rows(text: str | None, rows: Sequence[AblationRow]) -> tuple[AblationRow, ...]:
    """The rows of ``a,b3,e``: whole parts or single rows; all of them for None.

    Raises RecipeError for a name that there is not.
    """
    if text is None:
        return tuple(rows)
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not any(word in (row.name, row.name[0]) for row in rows):
            raise RecipeError(
                f"--rows has {word!r}, which is no row of the ablation; give parts (a to "
                f"{rows[-1].name[0]}) or rows such as a1, with commas between them."
            )
    return tuple(row for row in rows if row.name in words or row.name[0] in words)


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What is ablated, and where.

    Attributes:
        recipe: name or file; its objective must be gvseg, or clips for UniVS.
        settings: ``key=value`` of every row.
        out: folder of the trainings, the rows and the table.
        rows: of the table; None: all of it.
        steps: optimiser steps of each training; None: as the recipe says.
        command: as typed, for the table.
    """

    recipe: str
    settings: Sequence[str]
    out: Path
    rows: Sequence[AblationRow]
    steps: int | None = None
    command: str = ""

    def of(self, row: AblationRow) -> Recipe:
        """The recipe of a row. Decays of the rate come at the same share of a shorter run.

        Raises RecipeError where it has no table or benchmark, or an override does not fit.
        """
        recipe = read_recipe(self.recipe, [*self.settings, *row.overrides])
        table_of(self.recipe, recipe)
        return self._shortened(recipe)

    def trainings(self, row: AblationRow) -> tuple[Recipe, ...]:
        """What is trained for a row, one after the other; the last is measured.

        Raises RecipeError as :meth:`of`, and where a stage that the row needs is no recipe.
        """
        recipe = self.of(row)
        kept = tuple(b for b in recipe.evaluation.benchmarks if b.task not in row.lacks)
        recipe = replace(recipe, evaluation=replace(recipe.evaluation, benchmarks=kept))
        chain = [recipe]
        earlier = Path(recipe.init.start).name
        if row.anew and earlier in recipe_names():
            first = self._stage(earlier, row)
            chain = [first, replace(recipe, init=InitConfig(start=str(self.folder(first))))]
        if row.goes_on:
            name = self.recipe.replace("_stage2", "_stage3")
            if name == self.recipe or name not in recipe_names():
                raise RecipeError(
                    f"Row {row.name} goes on to stage 3, which {self.recipe} has none of; give a "
                    f"recipe such as univs_r50_stage2, or other rows with --rows."
                )
            start = InitConfig(start=str(self.folder(chain[-1])))
            last = self._stage(name, row)
            chain.append(replace(last, init=start, evaluation=recipe.evaluation))
        return tuple(chain)

    def folder(self, recipe: Recipe) -> Path:
        """Where a recipe is trained."""
        return self.out / "trainings" / training_name(recipe)

    def _stage(self, name: str, row: AblationRow) -> Recipe:
        """Another stage with what the line and the row say, as far as that stage knows the key."""
        fitting: list[str] = []
        for override in (*self.settings, *row.overrides):
            try:
                read_recipe(name, [*fitting, override])
            except RecipeError:
                continue  # such as the folder of a source that is not of this stage
            fitting.append(override)
        return self._shortened(read_recipe(name, fitting))

    def _shortened(self, recipe: Recipe) -> Recipe:
        if self.steps is None:
            return recipe
        plan = recipe.schedule
        decays = {max(1, step * self.steps // plan.iterations) for step in plan.steps}
        warmup = min(plan.warmup, self.steps // 2)
        plan = replace(plan, iterations=self.steps, steps=tuple(sorted(decays)), warmup=warmup)
        return replace(recipe, schedule=plan)


def run_ablation(ablation: Ablation, train: Train, measure: Measure) -> Path:
    """Trains and measures every row that is not done yet; rows of one training share it.

    The table (``table.md`` and ``table.json`` in ``out``) is rewritten after every row. It lists
    the error of a row that fails, and the next row begins.

    Returns:
        ``table.md``.

    Raises:
        RecipeError: the recipe cannot be ablated.
        TrainingError: at the end, if rows failed.
        OutputError: the folder cannot be written to.
        KeyboardInterrupt: after Ctrl-C; the same command goes on from there.
    """
    plans = {row.name: ablation.trainings(row) for row in ablation.rows}
    results: dict[str, dict[str, Any]] = {}
    with output_folder(ablation.out):
        for row in ablation.rows:
            results[row.name] = _row(ablation, row, plans[row.name], train, measure)
            table = _write_table(ablation, results)
    failed = [(name, done["error"]) for name, done in results.items() if "error" in done]
    if failed:
        told = "; ".join(f"{name}: {str(error).rstrip('.')}" for name, error in failed)
        raise TrainingError(
            f"{len(failed)} of {len(ablation.rows)} rows failed ({told}); the others are in "
            f"{table}, and the same command tries these again."
        )
    return table


def training_name(recipe: Recipe) -> str:
    """Folder of a training: the same for recipes that differ in their evaluation alone."""
    model = replace(recipe.model, overrides=model_config(recipe.model).to_dict())
    text = recipe_text(replace(recipe, model=model, evaluation=EvaluationConfig()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _row(
    ablation: Ablation,
    row: AblationRow,
    trainings: Sequence[Recipe],
    train: Train,
    measure: Measure,
) -> dict[str, Any]:
    """The record of a row, from an earlier run if its recipe is the same."""
    recipe = trainings[-1]
    file, digest = ablation.out / "rows" / f"{row.name}.json", _digest(recipe)
    if file.is_file():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known["recipe"] == digest:
            return known
    folder = ablation.folder(recipe)
    done: dict[str, Any] = {"recipe": digest, "training": folder.name}
    try:
        for stage in trainings:
            silent = replace(stage, engine=replace(stage.engine, evaluate_every=0))
            train(silent, ablation.folder(stage))
        done["figures"] = dict(measure(recipe, folder))
    except VidsegError as error:
        return {**done, "error": str(error)}
    file.parent.mkdir(exist_ok=True)
    with replacing(file) as partial:
        partial.write_text(json.dumps(done) + "\n", encoding="utf-8")
    return done


def _digest(recipe: Recipe) -> str:
    return hashlib.sha256(recipe_text(recipe).encode()).hexdigest()


def _write_table(ablation: Ablation, results: Mapping[str, Mapping[str, Any]]) -> Path:
    """``table.json`` and ``table.md`` of the rows so far."""
    rows = [row for row in ablation.rows if row.name in results]
    facts = {
        "command": ablation.command,
        "commit": source_commit(),
        "data": ablation.of(ablation.rows[0]).data.root,
    }
    listed = [
        {
            "row": row.name,
            "label": row.label,
            "overrides": list(row.overrides),
            "published": dict(row.published),
            **{k: v for k, v in results[row.name].items() if k != "recipe"},
        }
        for row in rows
    ]
    text = json.dumps({**facts, "rows": listed}, indent=1, ensure_ascii=False)
    for name, content in (("table.json", text), ("table.md", _markdown(facts, listed))):
        with replacing(ablation.out / name) as partial:
            partial.write_text(content + "\n", encoding="utf-8")
    return ablation.out / "table.md"


def _markdown(facts: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.get("figures", {})))
    lines = [f"- {key}: `{value}`" for key, value in facts.items()]
    told = list(dict.fromkeys(name for row in rows for name in row["published"]))
    heads = ["row", "what", *names, *(f"paper {name}" for name in told)]
    lines += ["", f"| {' | '.join(heads)} |", "|---" * 2 + "|---:" * (len(heads) - 2) + "|"]
    for row in rows:
        figures = row.get("figures", {})
        cells = [f"{figures[name]:.2f}" if name in figures else "–" for name in names]
        paper = row["published"]
        published = [f"{paper[name]:.1f}" if name in paper else "–" for name in told]
        lines.append(f"| {' | '.join([row['row'], row['label'], *cells, *published])} |")
    failed = [f"- {row['row']} failed: {row['error']}" for row in rows if "error" in row]
    return "\n".join([*lines, *(["", *failed] if failed else [])])


def source_commit() -> str:
    """Commit of the checkout that the package runs from; ``unknown`` outside of one."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
