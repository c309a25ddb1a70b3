"""The loop of a training run, alone or in many processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ..datasets.batches.collate import ClipBatch
from ..errors import OutputError, TrainingError
from ..formats.atomic import prepare_folder
from ..models.any_model import VideoModel
from ..nn.layers import channels_last
from .data.loader import ended_loader, open_stream
from .objectives.module import TrainingModule
from .objectives.registry import Objective, RememberingObjective, build_objective
from .parallel.processes import Team, team
from .parallel.seeds import seed_all
from .parallel.sharding import Replica, load_optimiser_state
from .recipe.reading import recipe_text
from .recipe.schema import InitConfig, Recipe
from .run.checkpointing import Snapshot, checkpoints, clean_up, load_checkpoint
from .run.ema import MovingAverage
from .run.logs import RunLog
from .run.milestones import Evaluate, Milestones, last_checkpoint
from .run.optimiser import build_optimiser, freeze
from .run.progress import RunProgress
from .run.recomputation import compile_parts, recompute_activations
from .run.starting_model import starting_model, text_encoder
from .run.step import BadStepError, Stepper, StepReport
from .run.stopping import StopRequest, stop_requests
from .scoring.evaluation import build_evaluation

RECIPE_FILE = "recipe.yaml"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run is put together from.

    Attributes:
        model: builds it with the weights that a run begins with.
        objective: builds what a step computes.
        stream: this process's batches from a step on.
        evaluate: measures a model folder; None for no evaluation.
    """

    model: Callable[[], VideoModel]
    objective: Callable[[VideoModel], Objective]
    stream: Callable[[int], Iterator[ClipBatch]]
    evaluate: Evaluate | None = None


def train(recipe: Recipe, out: Path, *, resume: bool) -> None:
    """Trains as a recipe says, in this process and those that ``torchrun`` started beside it.

    Args:
        recipe: the whole run.
        out: folder for checkpoints, models and logs; all processes must see the same one.
        resume: go on from the last checkpoint in ``out``, from the start if there is none. The
            run then ends with the weights that it would have had without a stop.

    Raises:
        VidsegError: wrong input; a loss that is no number; a disk that is full; a process that
            was lost. The checkpoints written until then are whole.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, when the step at hand is saved.
    """
    with team(recipe.engine.device) as crew:
        config = replace(recipe, init=InitConfig()) if resume and checkpoints(out) else recipe
        parts = Parts(
            model=lambda: starting_model(config, _say),
            objective=lambda model: build_objective(recipe.objective, model, text_encoder(recipe)),
            stream=lambda start: open_stream(
                recipe.data,
                seed=recipe.engine.seed,
                rank=crew.rank,
                world=crew.world,
                start_step=start,
                report=_say,
            ),
            evaluate=build_evaluation(recipe, crew.device),
        )
        run(recipe, parts, out, crew, resume=resume)


def run(recipe: Recipe, parts: Parts, out: Path, crew: Team, *, resume: bool) -> None:
    """:func:`train` with parts of any kind, inside a team."""
    _prepare(out, crew, resume=resume)
    seed_all(recipe.engine.seed)
    model = channels_last(parts.model())
    snapshot = _resume(out, model, crew) if resume else None
    start = 0 if snapshot is None else snapshot.step
    stream = parts.stream(start)
    freeze(model, recipe.optimiser.freeze)
    if recipe.engine.activation_checkpointing:
        recompute_activations(model)
    if recipe.engine.compile:
        compile_parts(model)
    objective = parts.objective(model)
    memory = objective.memory if isinstance(objective, RememberingObjective) else None
    if memory is not None:
        memory.to(crew.device)
    module = TrainingModule(model, objective).to(crew.device)
    replica = Replica(module, crew, recipe.engine.sharding)
    optimiser = build_optimiser(model, recipe.optimiser)
    average = None if recipe.ema.decay is None else MovingAverage(model, recipe.ema.decay)
    stepper = Stepper(recipe, replica, optimiser, average, crew)
    if snapshot is not None:
        load_optimiser_state(model, optimiser, snapshot.optimiser)
        if average is not None:
            average.load(snapshot.averaged or snapshot.weights)
        if snapshot.scaler and stepper.scaler.is_enabled():
            stepper.scaler.load_state_dict(dict(snapshot.scaler))
        if memory is not None:
            _recall(memory, snapshot)
    del snapshot
    milestones = Milestones(
        recipe, out, model, optimiser, stepper.scaler, average, memory, parts.evaluate, crew
    )
    with ExitStack() as stack:
        if isinstance(stream, Generator):
            stack.callback(stream.close)  # ends its loading processes
        log = progress = None
        if crew.leads:
            (out / RECIPE_FILE).write_text(recipe_text(recipe), encoding="utf-8")
            log = RunLog(out, start, recipe.logging.wandb)
            stack.callback(log.close)
            progress = stack.enter_context(
                RunProgress(recipe.schedule.iterations, start, recipe.data.clips)
            )
        request = stack.enter_context(stop_requests())
        loop = Loop(recipe, out, crew, stepper, milestones, log, progress)
        try:
            loop.go(stream, start, request)
        except RuntimeError as error:
            ended = ended_loader(error)
            if ended is None:
                raise
            raise ended from error


class Loop:
    """Step after step, with what belongs to each."""

    def __init__(
        self,
        recipe: Recipe,
        out: Path,
        crew: Team,
        stepper: Stepper,
        milestones: Milestones,
        log: RunLog | None,
        progress: RunProgress | None,
    ) -> None:
        self._recipe, self._out, self._crew = recipe, out, crew
        self._stepper, self._milestones = stepper, milestones
        self._log, self._progress = log, progress
        self._terms = Means()
        self._waited = 0.0

    def go(self, stream: Iterator[ClipBatch], start: int, request: StopRequest) -> None:
        """Takes the remaining steps."""
        if self._milestones.measures(start):
            self._milestones.measure(start, self._log)
        for step in range(start, self._recipe.schedule.iterations):
            begun = time.perf_counter()
            batch = next(stream)
            self._waited += time.perf_counter() - begun
            try:
                report = self._stepper.take(step, batch, stop=request.asked)
            except BadStepError as error:
                raise BadStepError(
                    f"{error}; {last_checkpoint(self._out)}. Lower optimiser.lr or leave that "
                    f"data out, then go on with --resume."
                ) from error
            self._tell(step + 1, report, batch)
            self._reach(step + 1, batch, stop=report.stop)

    def _tell(self, done: int, report: StepReport, batch: ClipBatch) -> None:
        """Progress in every step, figures in every ``log_every``-th."""
        self._terms.add(report.terms)
        if self._progress is not None:
            self._progress.step(report.loss)
        if done % self._recipe.engine.log_every and done != self._recipe.schedule.iterations:
            return
        terms = mean_of(self._crew.gather(self._terms.take()))
        waited, self._waited = self._waited, 0.0
        if self._log is None or self._progress is None:
            return
        figures = {f"loss/{name}": value for name, value in terms.items()}
        figures |= {
            "gradient_norm": report.gradient,
            "learning_rate": report.rate,
            "clips_per_second": self._progress.clips_per_second,
            "seconds_waiting_for_data": waited,
        }
        if self._crew.device.type == "cuda":
            figures["gigabytes"] = torch.cuda.max_memory_allocated(self._crew.device) / 1e9
        self._log.figures(done, figures, {"data": batch.samples[0].dataset})
        self._progress.line()

    def _reach(self, done: int, batch: ClipBatch, *, stop: bool) -> None:
        """What is due after a step."""
        milestones = self._milestones
        if milestones.draws(done):
            milestones.draw(done, batch, self._log)
        if milestones.saves(done) or stop:
            milestones.save(done)
        if stop:
            if self._crew.leads:
                _say(f"Stopped after step {done}; go on with --resume.")
            raise KeyboardInterrupt
        if milestones.measures(done):
            milestones.measure(done, self._log)


class Means:
    """Means of scalars by name over the steps since the last :meth:`take`."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, values: dict[str, float]) -> None:
        """One step; names may come and go."""
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    def take(self) -> dict[str, float]:
        """The means; begins anew."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means


def mean_of(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each name over the tables that have it."""
    means = Means()
    for table in tables:
        means.add(table)
    return means.take()


def _prepare(out: Path, crew: Team, *, resume: bool) -> None:
    """Makes the folder of the run. Raises OutputError where it holds another run."""
    if crew.leads:
        prepare_folder(out)
        if not resume and checkpoints(out):
            raise OutputError(
                f"{out} holds a run already; go on with it with --resume, or choose another --out."
            )
        clean_up(out)
    crew.meet()


def _resume(out: Path, model: VideoModel, crew: Team) -> Snapshot | None:
    """Loads the weights of the last checkpoint; None where there is none.

    Raises TrainingError if it is damaged, of another model, or not the same for all processes.
    """
    found = checkpoints(out)
    steps = crew.gather(found[-1][0] if found else None)
    if len(set(steps)) > 1:
        raise TrainingError(
            f"The processes of this run see different checkpoints in {out}; put it on a disk that "
            f"all machines share."
        )
    if not found:
        return None
    snapshot = load_checkpoint(found[-1][1], model.config.to_dict())
    model.load_state_dict(dict(snapshot.weights))
    return snapshot


def _recall(memory: nn.Module, snapshot: Snapshot) -> None:
    """Gives the objective back what it knew. Raises TrainingError where that is of another one."""
    try:
        memory.load_state_dict(dict(snapshot.memory))
    except RuntimeError as error:
        raise TrainingError(
            f"The checkpoint of step {snapshot.step} remembers other classes or queues than the "
            f"recipe's objective; go on with the recipe it was made with, or choose another --out."
        ) from error


def _say(sentence: str) -> None:
    """Something that the user should know; a bar on the terminal makes room for it."""
    print(sentence, file=sys.stderr, flush=True)
