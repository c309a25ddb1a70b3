"""Table 4 of the GvSeg paper as overrides of a recipe, and the run that fills it in."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import RecipeError, TrainingError, VidsegError
from ..formats.atomic import replacing
from ..formats.output_places import output_folder
from .recipe.reading import read_recipe, recipe_text
from .recipe.schema import EvaluationConfig, Recipe
from .run.starting_model import model_config

Figures = Mapping[str, float]
Train = Callable[[Recipe, Path], None]
"""Trains into a folder, going on from what lies there."""
Measure = Callable[[Recipe, Path], Figures]
"""Figures of the model of a training folder, by ``benchmark/figure``."""


@dataclass(frozen=True)
class AblationRow:
    """A row of the table.

    Attributes:
        name: letter of the part of Table 4 and number of the row.
        label: what the paper calls it.
        vpq, stq: published, on VIPSeg with ResNet-50.
        overrides: of the recipe.
    """

    name: str
    label: str
    vpq: float
    stq: float
    overrides: tuple[str, ...] = ()


_NOT_AWARE = "model.overrides.shape_aware=false"
_LEARNED = "model.overrides.initial=learned"
_FRAME = ("objective.contrast.things=frame", "objective.contrast.stuff=frame")


def _cues(things: bool, stuff: bool) -> tuple[str, ...]:
    """Whether shape and position take part in the association of things and of stuff."""
    cues = {True: "shape_position", False: "appearance"}
    return (
        f"evaluation.settings.affinity={cues[things]}",
        f"evaluation.settings.stuff_affinity={cues[stuff]}",
    )


def _bins(angles: int, radii: int) -> tuple[str, ...]:
    key = "model.overrides.descriptor"
    return f"{key}.angles={angles}", f"{key}.radii={radii}"


def _contrast(tau: float, queue: int) -> tuple[str, ...]:
    return f"objective.contrast.tau={tau}", f"objective.contrast.queue={queue}"


_E3 = ("objective.contrast.things=video", "objective.contrast.stuff=frame")
_E2 = ("objective.contrast.things=frame", "objective.contrast.stuff=dataset")
_ALONE = (_NOT_AWARE, _LEARNED, *_cues(False, False))

ROWS = (
    AblationRow("a1", "Baseline", 36.0, 37.3, (*_ALONE, *_FRAME)),
    AblationRow("a2", "+ SPA query matching", 37.8, 38.5, (_LEARNED, *_cues(True, True), *_FRAME)),
    AblationRow("a3", "+ Task-oriented init.&asso.", 40.1, 40.7, _FRAME),
    AblationRow("a4", "+ Task-oriented TCL", 41.2, 42.0, _ALONE),
    AblationRow("a5", "GvSeg", 44.0, 44.9),
    AblationRow("b1", "τ 0.1, N_Q 100", 43.3, 43.9, _contrast(0.1, 100)),
    AblationRow("b2", "τ 0.2, N_Q 100", 44.0, 44.9, _contrast(0.2, 100)),
    AblationRow("b3", "τ 0.2, N_Q 200", 44.1, 45.1, _contrast(0.2, 200)),
    AblationRow("b4", "τ 0.3, N_Q 100", 43.6, 44.4, _contrast(0.3, 100)),
    AblationRow("b5", "τ 0.3, N_Q 200", 43.7, 44.6, _contrast(0.3, 200)),
    AblationRow("c1", "12 angles, 6 radii", 43.1, 43.8, _bins(12, 6)),
    AblationRow("c2", "24 angles, 12 radii", 43.6, 44.3, _bins(24, 12)),
    AblationRow("c3", "36 angles, 12 radii", 44.0, 44.9, _bins(36, 12)),
    AblationRow("c4", "36 angles, 18 radii", 43.9, 45.0, _bins(36, 18)),
    AblationRow("c5", "48 angles, 12 radii", 44.0, 44.8, _bins(48, 12)),
    AblationRow("d1", "things and stuff by appearance", 42.1, 43.1, _cues(False, False)),
    AblationRow("d2", "things by shape and position too", 44.0, 44.9, _cues(True, False)),
    AblationRow("d3", "stuff by shape and position too", 41.7, 42.8, _cues(False, True)),
    AblationRow("d4", "both by shape and position too", 42.9, 43.4, _cues(True, True)),
    AblationRow("e1", "things of frames, stuff of frames", 40.1, 40.7, _FRAME),
    AblationRow("e2", "things of frames, stuff of the dataset", 42.4, 43.3, _E2),
    AblationRow("e3", "things of the video, stuff of frames", 43.0, 43.9, _E3),
    AblationRow("e4", "things of the video, stuff of the dataset", 44.0, 44.9),
)
"""Each row of part a adds one component to the baseline, except a3: its published figures are those
of e1, so it is taken as everything without task-oriented TCL."""


def wanted_rows(text: str | None) -> tuple[AblationRow, ...]:
    """The rows of ``a,b3,e``: whole parts or single rows; all of them for None.

    Raises RecipeError for a name that there is not.
    """
    if text is None:
        return ROWS
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not any(word in (row.name, row.name[0]) for row in ROWS):
            raise RecipeError(
                f"--rows has {word!r}, which is no row of the ablation; give parts (a to e) or "
                f"rows such as a1, with commas between them."
            )
    return tuple(row for row in ROWS if row.name in words or row.name[0] in words)


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What is ablated, and where.

    Attributes:
        recipe: name or file; its objective must be gvseg.
        settings: ``key=value`` of every row.
        out: folder of the trainings, the rows and the table.
        rows: of the table.
        steps: optimiser steps of each training; None: as the recipe says.
        command: as typed, for the table.
    """

    recipe: str
    settings: Sequence[str]
    out: Path
    rows: Sequence[AblationRow] = ROWS
    steps: int | None = None
    command: str = ""

    def of(self, row: AblationRow) -> Recipe:
        """The recipe of a row. Decays of the rate come at the same share of a shorter run.

        Raises RecipeError where it is not of gvseg, has no benchmark, or an override does not fit.
        """
        recipe = read_recipe(self.recipe, [*self.settings, *row.overrides])
        if recipe.objective.kind != "gvseg":
            raise RecipeError(
                f"Recipe {self.recipe} has the objective {recipe.objective.kind}; an ablation "
                f"needs one of gvseg, such as gvseg_r50_vipseg."
            )
        if not recipe.evaluation.benchmarks:
            raise RecipeError(
                f"Recipe {self.recipe} has no evaluation.benchmarks; an ablation measures on them."
            )
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
    recipes = {row.name: ablation.of(row) for row in ablation.rows}
    results: dict[str, dict[str, Any]] = {}
    with output_folder(ablation.out):
        for row in ablation.rows:
            results[row.name] = _row(ablation.out, row, recipes[row.name], train, measure)
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
    out: Path, row: AblationRow, recipe: Recipe, train: Train, measure: Measure
) -> dict[str, Any]:
    """The record of a row, from an earlier run if its recipe is the same."""
    file, digest = out / "rows" / f"{row.name}.json", _digest(recipe)
    if file.is_file():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known["recipe"] == digest:
            return known
    folder = out / "trainings" / training_name(recipe)
    done: dict[str, Any] = {"recipe": digest, "training": folder.name}
    try:
        silent = replace(recipe, engine=replace(recipe.engine, evaluate_every=0))
        train(silent, folder)
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
            "published": {"VPQ": row.vpq, "STQ": row.stq},
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
    heads = ["row", "what", *names, "paper VPQ", "paper STQ"]
    lines += ["", f"| {' | '.join(heads)} |", "|---" * 2 + "|---:" * (len(heads) - 2) + "|"]
    for row in rows:
        figures = row.get("figures", {})
        cells = [f"{figures[name]:.2f}" if name in figures else "–" for name in names]
        published = [f"{value:.1f}" for value in row["published"].values()]
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
