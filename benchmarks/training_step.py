"""Time and peak memory of a recipe's optimiser step, on drawn clips.

    python benchmarks/training_step.py [RECIPE ...] [--size 1024] [--clips 1] [--steps 2]
                                       [--precision fp32] [--checkpointing] [--json FILE]

Each recipe runs in a process of its own: forward and backward pass, clipping, AdamW and the moving
average, on ``--clips`` clips of the recipe's frames at ``--size`` pixels (the longest side that the
recipe's pictures have; most are smaller). The first step is warm-up: it allocates. The fastest of
the others counts. Every clip shows as many regions as the recipe takes, and 124 classes with
features of the model's width, made up: the text encoder's own time, which a run spends once a name
or sentence, is left out. Memory is the growth of the process (CPU) or of the allocator (GPU) over
what it had before the model was built; loading processes and CUDA's own half gigabyte come on top.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vidseg.datasets.batches.collate import ClipBatch, collate_clips
from vidseg.datasets.clips.schema import ClipSample, Expression
from vidseg.models.text.features import SentenceFeatures
from vidseg.nn.layers import channels_last
from vidseg.training.objectives.registry import TrainingModule, build_objective
from vidseg.training.parallel.processes import team
from vidseg.training.parallel.seeds import seed_all
from vidseg.training.parallel.sharding import Replica
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import InitConfig, Recipe
from vidseg.training.run.ema import MovingAverage
from vidseg.training.run.optimiser import build_optimiser, freeze
from vidseg.training.run.recomputation import recompute_activations
from vidseg.training.run.starting_model import starting_model
from vidseg.training.run.step import Stepper

RECIPES = tuple(f"univs_r50_stage{stage}" for stage in (1, 2, 3))
CLASSES = tuple(f"class {number}" for number in range(124))
WORDS = 77


class MadeUpTexts:
    """Random features of the right width."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode_names(self, names: Sequence[str]) -> torch.Tensor:
        """[N, D_t]."""
        return torch.randn(len(names), self.dim)

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """As CLIP gives them: 77 words each."""
        words = torch.randn(len(texts), WORDS, self.dim)
        return SentenceFeatures(words, torch.full((len(texts),), WORDS), words.mean(1))


def draw(recipe: Recipe, clips: int, size: int) -> ClipBatch:
    """Clips full of rectangles on a grid, which walk to the right."""
    rng = np.random.default_rng(0)
    regions, frames = recipe.data.most_objects or 20, recipe.data.frames
    side = size // int(np.ceil(np.sqrt(regions)))
    masks = torch.zeros(regions, frames, size, size, dtype=torch.bool)
    for row in range(regions):
        y, x = divmod(row * side, size // side * side)
        for t in range(frames):
            masks[row, t, y * side : y * side + side - 8, x + t : x + t + side - 8] = True
    samples = [
        ClipSample(
            images=torch.from_numpy(rng.integers(0, 256, (frames, 3, size, size), dtype=np.uint8)),
            masks=masks,
            labels=torch.from_numpy(rng.integers(0, len(CLASSES), regions)),
            ids=torch.arange(regions),
            is_thing=torch.ones(regions, dtype=torch.bool),
            is_group=torch.zeros(regions, dtype=torch.bool),
            vocabulary=CLASSES,
            frame_indices=torch.arange(frames),
            dataset="drawn",
            expressions=tuple(
                Expression(f"rectangle {row}", row, composed=False) for row in range(regions)
            ),
        )
        for _ in range(clips)
    ]
    return collate_clips(samples)


def steps(recipe: Recipe, batch: ClipBatch, count: int) -> Iterator[float]:
    """Seconds of each step; the first is warm-up."""
    with team(recipe.engine.device) as crew:
        seed_all(0)
        model = channels_last(starting_model(recipe))
        freeze(model, recipe.optimiser.freeze)
        if recipe.engine.activation_checkpointing:
            recompute_activations(model)
        texts = MadeUpTexts(model.config.decoder.text_dim)
        module = TrainingModule(model, build_objective(recipe.objective, model, texts))
        replica = Replica(module.to(crew.device), crew, "none")
        optimiser = build_optimiser(model, recipe.optimiser)
        average = None if recipe.ema.decay is None else MovingAverage(model, recipe.ema.decay)
        stepper = Stepper(recipe, replica, optimiser, average, crew)
        for step in range(1 + count):
            begun = time.perf_counter()
            stepper.take(step, batch, stop=False)  # gives numbers, hence waits for the device
            yield time.perf_counter() - begun


def peak_bytes(device: str) -> int:
    """Largest memory so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """One row of the table, in this process."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    recipe = read_recipe(name)
    recipe = replace(
        recipe,
        init=InitConfig(start="none"),
        data=replace(recipe.data, clips=options.clips),
        engine=replace(
            recipe.engine,
            device=device,
            precision=options.precision,
            accumulate=1,
            activation_checkpointing=options.checkpointing,
        ),
    )
    batch = draw(recipe, options.clips, options.size)
    before = peak_bytes(device)
    seconds = list(steps(recipe, batch, options.steps))
    return {
        "recipe": name,
        "clips": options.clips,
        "frames": recipe.data.frames,
        "size": options.size,
        "precision": options.precision,
        "checkpointing": options.checkpointing,
        "seconds": min(seconds[1:]),
        "gigabytes": (peak_bytes(device) - before) / 1e9,
        "device": torch.cuda.get_device_name() if device == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def alone(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """The same in a process of its own, so that peaks do not mix."""
    words = [sys.executable, __file__, name, "--inside"]
    for option in ("size", "clips", "steps", "precision"):
        words += [f"--{option}", str(getattr(options, option))]
    words += ["--checkpointing"] if options.checkpointing else []
    answer = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=os.environ)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measures the recipes and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", default=RECIPES, metavar="RECIPE")
    parser.add_argument("--size", type=int, default=1024, help="pixels, a multiple of 32")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2, help="after the warm-up")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16", "fp16"))
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations")
    parser.add_argument("--json", metavar="FILE", help="also write the rows here")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(options, options.recipes[0])))
        return
    rows = []
    print("| recipe | clips × frames | size | seconds | GB |\n|---|---|---:|---:|---:|")
    for name in options.recipes:
        row = alone(options, name)
        rows.append(row)
        print(
            f"| {name} | {row['clips']} × {row['frames']} | {row['size']} "
            f"| {row['seconds']:.2f} | {row['gigabytes']:.2f} |",
            flush=True,
        )
    last = rows[-1]
    recomputed = ", activations recomputed" if options.checkpointing else ""
    print(
        f"\n{last['device']}, {last['threads']} threads, {last['precision']}{recomputed}, "
        f"torch {last['torch']}"
    )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
