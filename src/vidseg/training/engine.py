"""A training run, alone or in many processes: its parts, how it begins and how it goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from ..datasets.batches.collate import ClipBatch
from ..errors import OutputError, TrainingError
from ..formats.atomic import replacing
from ..formats.output_places import output_folder
from ..models.loading import VideoModel
from ..nn.layers import channels_last
from .data.loader import ended_loader, open_stream
from .objectives.registry import (
    Objective,
    RememberingObjective,
    TrainingModule,
    build_objective,
)
from .parallel.processes import Team, team
from .parallel.seeds import seed_all
from .parallel.sharding import Replica, load_optimiser_state
from .recipe.reading import recipe_text
from .recipe.schema import InitConfig, Recipe
from .run.checkpointing import Snapshot, checkpoints, clean_up, load_checkpoint
from .run.ema import MovingAverage
from .run.logs import RunLog
from .run.loop import Loop, say, stop_requests
from .run.milestones import Evaluate, Milestones
from .run.optimiser import build_optimiser, freeze
from .run.progress import RunProgress
from .run.recomputation import compile_parts, recompute_activations
from .run.starting_model import starting_model, text_encoder
from .run.step import Stepper
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
        KeyboardInterrupt: after Ctrl-C, SIGTERM or SIGHUP, when the step at hand is saved.
    """
    with team(recipe.engine.device) as crew:
        config = replace(recipe, init=InitConfig()) if resume and checkpoints(out) else recipe
        parts = Parts(
            model=lambda: starting_model(config, say),
            objective=lambda model: build_objective(recipe.objective, model, text_encoder(recipe)),
            stream=lambda start: open_stream(
                recipe.data,
                seed=recipe.engine.seed,
                rank=crew.rank,
                world=crew.world,
                start_step=start,
                report=say,
            ),
            evaluate=build_evaluation(recipe, crew.device),
        )
        run(recipe, parts, out, crew, resume=resume)


def run(recipe: Recipe, parts: Parts, out: Path, crew: Team, *, resume: bool) -> None:
    """:func:`train` with parts of any kind, inside a team; its first process locks the folder."""
    with output_folder(out) if crew.leads else nullcontext():
        _run(recipe, parts, out, crew, resume=resume)


def _run(recipe: Recipe, parts: Parts, out: Path, crew: Team, *, resume: bool) -> None:
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
            with replacing(out / RECIPE_FILE) as partial:
                partial.write_text(recipe_text(recipe), encoding="utf-8")
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


def _prepare(out: Path, crew: Team, *, resume: bool) -> None:
    """Clears up in the folder of the run. Raises OutputError where it holds another run."""
    if crew.leads:
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
