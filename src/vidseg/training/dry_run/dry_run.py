"""Everything that a run will need, tried once: folders, datasets, shapes, one pass, memory."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import RenderableType

from ...datasets.batches.collate import ClipBatch
from ...datasets.batches.drawing import ClipSource, draw_clip
from ...datasets.batches.packing import unpack
from ...errors import DataError, TrainingError
from ...models.any_model import VideoModel
from ..data.loader import ClipParcels, batch_shape
from ..data.sources import open_sources
from ..objectives.module import TrainingModule
from ..objectives.registry import build_objective
from ..parallel.processes import team
from ..parallel.seeds import part_seed, seed_all
from ..recipe.data import DataConfig
from ..recipe.schema import Recipe
from ..run.logs import RunLog
from ..run.optimiser import freeze
from ..run.recomputation import recompute_activations
from ..run.starting_model import starting_model, text_encoder
from ..run.step import split_batch
from ..scoring.evaluation import build_evaluation
from .model_table import model_parts
from .pass_memory import PassMeasure, measure_pass
from .tables import memory_table, model_table, pass_table, source_table

_ATTEMPTS = 40
Show = Callable[[RenderableType], None]


@dataclass(frozen=True, kw_only=True)
class SourceCheck:
    """A dataset that was opened, and a clip of it.

    Attributes:
        name: in the recipe.
        share: of the batches.
        videos: runs of labelled frames, or stills.
        frames: labelled ones.
        classes: K, 0 for none.
        clip: [T, 3, H, W] of a drawn clip.
        seconds: for drawing it.
    """

    name: str
    share: float
    videos: int
    frames: int
    classes: int
    clip: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MemoryEstimate:
    """Bytes of one process.

    Attributes:
        weights: parameters and buffers.
        training: gradients, AdamW's two moments and the moving average.
        batch: beyond these, for the largest part of a step.
    """

    weights: int
    training: int
    batch: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.training + self.batch


def dry_run(recipe: Recipe, show: Show) -> None:
    """Tries a recipe without training; what is found is shown as soon as it is known.

    One clip of each batch shape goes forwards and backwards, and the memory of a step is told
    from it; so this fits where the run does, on the device of the run.

    Raises:
        VidsegError: whatever the run would stop for: a missing folder, damaged labels, classes
            that do not match, weights that cannot be read, too little memory.
    """
    with team(recipe.engine.device) as crew:
        if crew.world > 1:
            raise TrainingError("A dry run needs one process; leave torchrun out.")
        seed_all(recipe.engine.seed)
        model = starting_model(recipe)
        freeze(model, recipe.optimiser.freeze)
        show(model_table(model_parts(model, recipe.optimiser), recipe))
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


def check_folders(recipe: Recipe) -> None:
    """Raises DataError, which lists every folder of the recipe that is not there."""
    missing: dict[Path, list[str]] = defaultdict(list)
    wanted = [source for source in recipe.data.sources if source.weight > 0]
    places = [(entry.name, entry.folder) for entry in wanted]
    if recipe.engine.evaluate_every:
        places += [(entry.name, entry.folder) for entry in recipe.evaluation.benchmarks]
    for name, folder in places:
        path = Path(recipe.data.root) / folder
        if not path.is_dir():
            missing[path].append(name)
    if missing:
        listed = ", ".join(f"{folder} ({', '.join(names)})" for folder, names in missing.items())
        raise DataError(
            f"Missing: {listed}; set data.root to the folder that holds them (now "
            f"{recipe.data.root}), or leave a source out with data.sources.NAME=null."
        )


def check_sources(sources: Sequence[ClipSource], recipe: Recipe) -> list[SourceCheck]:
    """Draws a clip of each. Raises DataError where that cannot be done."""
    total = sum(source.weight for source in sources)
    checks = []
    for source in sources:
        begun = time.perf_counter()
        shape = _draw(source, recipe.data.frames, recipe.engine.seed)
        checks.append(
            SourceCheck(
                name=source.name,
                share=source.weight / total,
                videos=len(source.reader.lengths),
                frames=int(source.reader.lengths.sum()),
                classes=len(source.reader.vocabulary),
                clip=shape,
                seconds=time.perf_counter() - begun,
            )
        )
    return checks


def first_batches(sources: tuple[ClipSource, ...], recipe: Recipe) -> list[tuple[int, ClipBatch]]:
    """(step, batch) of the first batch of each shape that the run has."""
    parcels = ClipParcels(sources, recipe.data, recipe.engine.seed, 0, 1)
    found = []
    for step in _first_steps(recipe.data):
        parcel = parcels[step]
        if parcel.clips is None:
            raise DataError(parcel.failure)
        source = sources[parcel.source]
        found.append((step, unpack(parcel.clips, source.reader.vocabulary, source.name)))
    return found


def estimate_memory(
    model: VideoModel, measures: Sequence[tuple[int, PassMeasure]], recipe: Recipe
) -> MemoryEstimate:
    """What a process holds, from passes of one clip.

    Args:
        measures: (clips of a step, pass of one of them), for each batch shape.
    """
    tensors = [*model.parameters(), *model.buffers()]
    trained = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    copies = 3 if recipe.ema.decay is None else 4
    return MemoryEstimate(
        weights=sum(t.numel() * t.element_size() for t in tensors),
        training=copies * trained,
        batch=max(-(-clips // recipe.engine.accumulate) * m.bytes for clips, m in measures),
    )


def _first_steps(data: DataConfig) -> list[int]:
    """The first step with clips and the first one with single frames, as far as there are any."""
    shapes: dict[tuple[int, int], int] = {}
    rarest = min(data.single_frames, 1 - data.single_frames) or 1
    for step in range(int(1 / rarest) + 2):
        shapes.setdefault(batch_shape(data, step), step)
    return sorted(shapes.values())


def _draw(source: ClipSource, frames: int, seed: int) -> tuple[int, ...]:
    """[T, 3, H, W] of a clip that shows something."""
    rng = np.random.default_rng(seed)
    for _ in range(_ATTEMPTS):
        clip = draw_clip(source, source.draw_video(rng), frames, rng)
        if clip is not None:
            return clip.images.shape
    raise DataError(
        f"No labelled region was found in {_ATTEMPTS} clips of {source.name}; look at it with "
        f"vidseg data stats."
    )


def _check_log() -> None:
    """Raises TrainingError where TensorBoard is missing, before anything takes long."""
    with TemporaryDirectory() as folder:
        RunLog(Path(folder), 0, None).close()
