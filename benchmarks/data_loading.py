"""Throughput of the training data against the model's step, and what the slower one waits for.

    python benchmarks/data_loading.py RECIPE [key=value ...] [--steps 20] [--workers 0,1,2]
                                      [--step-time SECONDS | --measure-step] [--repeats 3]

For each number of loading processes the stream of the recipe runs for some steps, by turns and
several times; the fastest counts, for what other programs take is no property of the loader. Then
one process draws clips by itself, and the time of each stage is told: reading (pictures and labels
are decoded, masks painted), drawing (the views of pictures and masks, colour, pasting) and handing
over (packing, unpacking, masks at full size). With a step time, given or measured by a forward and
backward pass of a clip, it says which of the two a run waits for, and how many loading processes
keep up with the model. data_loading_1024.yaml is a recipe for small data at the size of the papers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from vidseg.datasets.batches import drawing as clip_drawing
from vidseg.datasets.batches.drawing import ClipSource
from vidseg.datasets.batches.packing import unpack
from vidseg.training.data.loader import ClipParcels, open_stream
from vidseg.training.data.sources import open_sources
from vidseg.training.recipe.data import DataConfig
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import Recipe

Row = dict[str, Any]


class Stages:
    """Seconds spent in parts of the drawing of clips, of this process."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.seconds[stage] += time.process_time() - begun

    def wrap(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            with self.timed(stage):
                return function(*args, **options)

        return timed


def stream_speed(data: DataConfig, steps: int) -> Row:
    """Images and clips a second of the whole stream, after its first batch."""
    stream = open_stream(data, seed=0)
    next(stream)
    times, clips, images = [], 0, 0
    for batch in islice(stream, steps):
        times.append(time.perf_counter())
        clips += batch.images.shape[0]
        images += batch.images.shape[0] * batch.images.shape[1]
    seconds = times[-1] - times[0] or 1e-9
    share = (steps - 1) / steps  # of what came between the first of these batches and the last
    return {
        "workers": data.workers,
        "images a second": round(share * images / seconds, 2),
        "clips a second": round(share * clips / seconds, 2),
        "seconds a batch": round(seconds / (steps - 1), 4),
    }


def stage_times(sources: tuple[ClipSource, ...], data: DataConfig, steps: int) -> list[Row]:
    """CPU milliseconds a clip of each stage, by dataset."""
    rows = []
    for source in sources:
        stages, clips = Stages(), 0
        reader = mock.Mock(wraps=source.reader)
        reader.vocabulary, reader.lengths = source.reader.vocabulary, source.reader.lengths
        reader.starts = source.reader.starts
        reader.read = stages.wrap("read", source.reader.read)
        parcels = ClipParcels((replace(source, reader=reader),), data, 0, 0, 1)
        draw = stages.wrap("draw", clip_drawing.draw_frames)
        with mock.patch.object(clip_drawing, "draw_frames", draw):
            for step in range(steps):
                with stages.timed("all"):
                    parcel = parcels[step]
                if parcel.clips is None:
                    raise SystemExit(parcel.failure)
                with stages.timed("hand over"):
                    clips += len(unpack(parcel.clips, reader.vocabulary, source.name).samples)
        per_clip = {stage: 1000 * spent / clips for stage, spent in stages.seconds.items()}
        rest = per_clip["all"] - per_clip["read"] - per_clip["draw"]
        rows.append(
            {
                "dataset": source.name,
                "read": round(per_clip["read"], 1),
                "draw": round(per_clip["draw"], 1),
                "hand over": round(per_clip["hand over"] + rest, 1),
                "weight": source.weight,
            }
        )
    return rows


def measured_step(recipe: Recipe) -> float:
    """Seconds of a step on this machine: one pass of a clip of each shape, times the clips."""
    from vidseg.training.dry_run.checks import first_batches
    from vidseg.training.dry_run.pass_memory import measure_pass
    from vidseg.training.objectives.registry import TrainingModule, build_objective
    from vidseg.training.run.optimiser import freeze
    from vidseg.training.run.starting_model import starting_model, text_encoder
    from vidseg.training.run.step import split_batch

    model = starting_model(recipe)
    freeze(model, recipe.optimiser.freeze)
    objective = build_objective(recipe.objective, model, text_encoder(recipe))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    module = TrainingModule(model, objective).to(device)
    seconds = []
    for _, batch in first_batches(open_sources(recipe.data), recipe):
        clips = len(batch.samples)
        one = split_batch(batch, clips)[0]
        passes = [
            measure_pass(module, one, seed, recipe.engine, device).seconds for seed in range(3)
        ]
        seconds.append(clips * statistics.median(passes))
    share = recipe.data.single_frames if len(seconds) > 1 else 0.0
    return (1 - share) * seconds[0] + share * seconds[-1]


def verdict(speeds: list[Row], stages: list[Row], step: float | None) -> str:
    """One sentence: what limits a run."""
    best = min(speeds, key=lambda row: float(row["seconds a batch"]))
    total = {
        stage: sum(row[stage] * row["weight"] for row in stages)
        for stage in ("read", "draw", "hand over")
    }
    worst = max(total, key=lambda stage: total[stage])
    part = f"{worst} is {100 * total[worst] / sum(total.values()):.0f} % of the work on a clip"
    if step is None:
        return f"In loading, {part}; give --step-time or --measure-step to compare with the model."
    batch = best["seconds a batch"]
    if batch <= step:
        enough = min(
            (row for row in speeds if row["seconds a batch"] <= step),
            key=lambda row: int(row["workers"]),
        )
        return (
            f"The model is the bottleneck: a step takes {step:.2f} s, a batch {batch:.2f} s; "
            f"{enough['workers']} loading processes keep up. In loading, {part}."
        )
    return (
        f"Loading is the bottleneck: a batch takes {batch:.2f} s with {best['workers']} loading "
        f"processes, a step {step:.2f} s; {part}."
    )


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe")
    parser.add_argument("settings", metavar="key=value", nargs="*")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--workers", default="0,1,2", help="numbers of loading processes")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--step-time", type=float, help="seconds of a step of the model")
    parser.add_argument("--measure-step", action="store_true", help="time the model here")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = read_recipe(options.recipe, options.settings)
    step = measured_step(recipe) if options.measure_step else options.step_time
    wanted = [replace(recipe.data, workers=int(count)) for count in options.workers.split(",")]
    runs = [
        [stream_speed(data, max(options.steps, 2)) for data in wanted]
        for _ in range(options.repeats)
    ]
    speeds = [min(same, key=lambda row: row["seconds a batch"]) for same in zip(*runs, strict=True)]
    stages = stage_times(open_sources(recipe.data), recipe.data, max(options.steps // 4, 2))
    shown = [{**row, "weight": round(row["weight"], 3)} for row in stages]
    load = os.getloadavg()[0]
    print(f"{options.recipe} {' '.join(options.settings)}: {os.cpu_count()} cores, load {load:.1f}")
    print(f"\n{table(speeds)}\n\nCPU milliseconds a clip:\n\n{table(shown)}\n")
    print(verdict(speeds, stages, step))
    if options.json is not None:
        figures = {"speeds": speeds, "stages": stages, "step": step}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
