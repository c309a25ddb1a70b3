"""Periodic work of a run: checkpoints, evaluation, pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from ...datasets.batches.collate import ClipBatch
from ...errors import RecipeError
from ...formats.atomic import replacing
from ...models.loading import VideoModel
from ...models.univs.model import UniVS
from ..parallel.processes import Team
from ..parallel.sharding import optimiser_state, whole_state
from ..recipe.schema import Recipe
from .checkpointing import (
    BEST,
    MODEL,
    Snapshot,
    checkpoint_folder,
    checkpoints,
    model_in,
    prune,
    publish,
    save_checkpoint,
)
from .ema import MovingAverage
from .logs import RunLog
from .overlays import draw_answers

Evaluate = Callable[[Path], Mapping[str, float]]
"""Measures a model folder: figures by ``benchmark/figure``, larger is better."""

_FIGURES_FILE = "figures.json"
_BEST_FILE = "best.json"


class Milestones:
    """Saves, measures and draws a run. All processes call the methods together.

    Args:
        recipe: engine and evaluation.
        out: folder of the run.
        model: the trained model, sharded or not.
        optimiser, scaler, average, memory: further state to resume from, or None.
        evaluate: None for no evaluation.
        team: the processes; the first one writes.
    """

    def __init__(
        self,
        recipe: Recipe,
        out: Path,
        model: VideoModel,
        optimiser: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
        average: MovingAverage | None,
        memory: nn.Module | None,
        evaluate: Evaluate | None,
        team: Team,
    ) -> None:
        self._recipe, self._out, self._team = recipe, out, team
        self._model, self._optimiser, self._scaler = model, optimiser, scaler
        self._average, self._memory, self._evaluate = average, memory, evaluate
        self._shown: UniVS | None = None

    def saves(self, done: int) -> bool:
        """Whether a checkpoint is due after ``done`` steps."""
        last = done == self._recipe.schedule.iterations
        return last or done % self._recipe.engine.save_every == 0 or self.measures(done)

    def measures(self, done: int) -> bool:
        """Whether an evaluation is due after ``done`` steps; the end of a run is always one."""
        every = self._recipe.engine.evaluate_every
        if self._evaluate is None or every == 0 or done == 0:
            return False
        return done % every == 0 or done == self._recipe.schedule.iterations

    def draws(self, done: int) -> bool:
        """Whether a picture is due after ``done`` steps."""
        every = self._recipe.engine.draw_every
        return every > 0 and done % every == 0

    def save(self, done: int) -> None:
        """Writes the checkpoint after ``done`` steps and removes the oldest.

        Raises OutputError where that fails; earlier checkpoints are untouched.
        """
        snapshot = Snapshot(
            step=done,
            config=self._model.config.to_dict(),
            weights=whole_state(self._model),
            averaged=None if self._average is None else self._average.weights(),
            optimiser=optimiser_state(self._model, self._optimiser),
            scaler=self._scaler.state_dict(),
            memory={} if self._memory is None else whole_state(self._memory),
        )
        if self._team.leads:
            publish(save_checkpoint(self._out, snapshot), MODEL)
            prune(self._out, self._recipe.engine.keep, self._best_step())
        self._team.meet()

    def measure(self, done: int, log: RunLog | None) -> None:
        """Evaluates the checkpoint after ``done`` steps, unless that is on record already.

        Raises RecipeError where ``evaluation.best`` is none of the figures.
        """
        folder = checkpoint_folder(self._out, done)
        if log is not None and self._evaluate is not None:
            record = folder / _FIGURES_FILE
            if not record.is_file():
                figures = dict(self._evaluate(model_in(folder)))
                log.figures(done, figures)
                self._compare(done, folder, figures)
                _write_json(record, figures)
        self._team.meet()

    def draw(self, done: int, batch: ClipBatch, log: RunLog | None) -> None:
        """Logs a picture of how the model answers the first clip of the batch."""
        state = whole_state(self._model)
        if log is not None:
            assert isinstance(self._model, UniVS)  # recipe_checks allows no other
            if self._shown is None:
                self._shown = UniVS(self._model.config).to(self._team.device).eval()
            self._shown.load_state_dict(state)
            sample = batch.samples[0]
            log.picture(done, f"answers/{sample.dataset}", draw_answers(self._shown, sample))
        self._team.meet()

    def _compare(self, done: int, folder: Path, figures: Mapping[str, float]) -> None:
        """Makes the checkpoint the best one if it is."""
        if not figures:
            return
        name = self._recipe.evaluation.best or next(iter(figures))
        if name not in figures:
            raise RecipeError(
                f"evaluation.best is {name!r}, but what was measured is {', '.join(figures)}."
            )
        best = self._best().get("value")
        value = figures[name]
        if math.isnan(value) or (best is not None and value <= best):
            return
        publish(folder, BEST)
        _write_json(self._out / _BEST_FILE, {"step": done, "figure": name, "value": value})
        prune(self._out, self._recipe.engine.keep, done)

    def _best(self) -> dict[str, float]:
        file = self._out / _BEST_FILE
        found: dict[str, float] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        return found

    def _best_step(self) -> int | None:
        step = self._best().get("step")
        return None if step is None else int(step)


def last_checkpoint(out: Path) -> str:
    """Where a run can go on from, for a message."""
    found = checkpoints(out)
    return f"the last good checkpoint is {found[-1][1]}" if found else "no checkpoint was saved yet"


def _write_json(file: Path, values: Mapping[str, object]) -> None:
    with replacing(file) as partial:
        partial.write_text(json.dumps(values) + "\n", encoding="utf-8")
