"""What a dry run looks at: folders, parts of the model, clips of each source, memory."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from ...datasets.batches.collate import ClipBatch
from ...datasets.batches.drawing import ClipSource, draw_clip
from ...datasets.batches.packing import unpack
from ...errors import DataError
from ...models.loading import VideoModel
from ..data.loader import ClipParcels, batch_shape
from ..recipe.data import DataConfig
from ..recipe.schema import OptimiserConfig, Recipe
from ..run.optimiser import build_optimiser
from .pass_memory import PassMeasure

_ATTEMPTS = 40


@dataclass(frozen=True)
class ModelPart:
    """A part of a model.

    Attributes:
        name: of the module.
        parameters: numbers in it, buffers left out.
        trainable: those that are not frozen.
        rates: learning rates of its trainable parameters at the start, ascending.
    """

    name: str
    parameters: int
    trainable: int
    rates: tuple[float, ...]


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


def model_parts(model: nn.Module, config: OptimiserConfig) -> tuple[ModelPart, ...]:
    """The parts of a model in their order.

    Args:
        model: frozen where the recipe says so.
        config: gives the learning rates.

    Raises RecipeError where the recipe names parts that the model lacks.
    """
    rates = {
        id(parameter): group["scale"] * config.lr
        for group in build_optimiser(model, config).param_groups
        for parameter in group["params"]
    }
    parts = []
    for name, module in model.named_children():
        parameters = list(module.parameters())
        trained = [p for p in parameters if p.requires_grad]
        parts.append(
            ModelPart(
                name,
                sum(p.numel() for p in parameters),
                sum(p.numel() for p in trained),
                tuple(sorted({rates[id(p)] for p in trained})),
            )
        )
    return tuple(parts)


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
