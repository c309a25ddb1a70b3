"""Everything that a run will need, tried once: folders, datasets, shapes, one pass, memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import RenderableType

from ...errors import TrainingError
from ..data.sources import open_sources
from ..objectives.registry import TrainingModule, build_objective
from ..parallel.processes import team
from ..parallel.seeds import part_seed, seed_all
from ..recipe.schema import InitConfig, Recipe
from ..run.logs import RunLog
from ..run.optimiser import freeze
from ..run.recomputation import recompute_activations
from ..run.starting_model import not_downloaded, starting_model, text_encoder
from ..run.step import split_batch
from ..scoring.evaluation import build_evaluation
from .checks import check_folders, check_sources, estimate_memory, first_batches, model_parts
from .pass_memory import measure_pass
from .tables import memory_table, model_table, pass_table, source_table

Show = Callable[[RenderableType], None]


def dry_run(recipe: Recipe, show: Show) -> None:
    """Tries a recipe without training; what is found is shown as soon as it is known.

    One clip of each batch shape goes forwards and backwards, and the memory of a step is estimated
    from it. So a dry run fits on the device of the run where the run itself does. Published weights
    that are not downloaded yet are told, and random ones take their place.

    Raises:
        VidsegError: whatever the run would stop for: a missing folder, damaged labels, classes
            that do not match, weights that cannot be read, too little memory.
    """
    with team(recipe.engine.device) as crew:
        if crew.world > 1:
            raise TrainingError("A dry run needs one process; leave torchrun out.")
        seed_all(recipe.engine.seed)
        missing = not_downloaded(recipe.init.start)
        begun = recipe if missing is None else replace(recipe, init=InitConfig())
        model = starting_model(begun)
        freeze(model, recipe.optimiser.freeze)
        show(model_table(model_parts(model, recipe.optimiser), begun))
        if missing is not None:
            show(
                f"{missing.name} is not downloaded yet, so random weights were tried; before the "
                f"run: vidseg weights download {missing.name}"
            )
        check_folders(recipe)
        objective = build_objective(recipe.objective, model, text_encoder(recipe))
        build_evaluation(recipe, crew.device)
        _check_log()
        sources = open_sources(recipe.data)
        show(source_table(check_sources(sources, recipe)))
        if recipe.engine.activation_checkpointing:
            recompute_activations(model)
        module = TrainingModule(model, objective).to(crew.device)
        measures = []
        for step, batch in first_batches(sources, recipe):
            shape = tuple(batch.images.shape)
            seed = part_seed(recipe.engine.seed, step, 0, 0)
            one = split_batch(batch, len(batch.samples))[0]
            measure = measure_pass(module, one, seed, recipe.engine, crew.device)
            show(pass_table(measure, shape, batch.samples[0].dataset))
            measures.append((shape[0], measure))
        show(memory_table(estimate_memory(model, measures, recipe), crew.device))


def _check_log() -> None:
    """Raises TrainingError where TensorBoard is missing, before anything takes long."""
    with TemporaryDirectory() as folder:
        RunLog(Path(folder), 0, None).close()
