"""Checks a GPU: six tasks against the CPU, their speed and memory, and a training step.

    python benchmarks/gpu_check.py [--frames 20] [--short-side 480]

Ids must equal those of the CPU wherever no noise of the size of the tolerance changes them on the
CPU. The losses of a step must equal those of the CPU to a part in a hundred, in half precision to
one in ten. Exits with 1 where anything differs, and with 2 and one sentence without a GPU.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.inference.streaming import id_maps
from tests.inference.test_bounded import mask, picture
from tests.parity import blurred, report_ids, steady
from tests.training.drawn_clips import (
    Letters,
    batch_of,
    drawn_clip,
    objective_config,
    small_model,
    squares,
)
from vidseg.inference.files.loading import load
from vidseg.inference.segmenter import Segmenter
from vidseg.prompts import Box, Mask, Prompt, Text
from vidseg.results import FrameResult
from vidseg.training.objectives.registry import build_objective
from vidseg.training.run.step import autocast
from vidseg.types import Task

PARITY_SIZE, PARITY_FRAMES = (96, 128), 4
SPEED_SIZE = (480, 640)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=20, help="frames that are timed")
    parser.add_argument("--short-side", type=int, default=480, help="pixels that the model sees")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("This machine has no GPU that torch can use; run the check on one.", file=sys.stderr)
        return 2
    failures = [
        *(check_task(task, options.frames, options.short_side) for task in Task),
        *(check_step(precision) for precision in ("fp32", "bf16", "fp16")),
    ]
    return int(any(failures))


def check_task(task: Task, frames: int, short_side: int) -> bool:
    """Prints the row of a task; whether its ids are wrong."""
    cpu, gpu = load("nano", "cpu"), load("nano", "cuda")

    def play(seed: int | None) -> Tensor:
        with blurred(cpu.model, seed):  # type: ignore[arg-type]  # nano is a UniVS
            return id_maps(segment(cpu, task, PARITY_SIZE, PARITY_FRAMES, 96))

    want, decided = steady(play, replays=4)
    got = id_maps(segment(gpu, task, PARITY_SIZE, PARITY_FRAMES, 96))
    wrong = failed(lambda: report_ids(task.value, got, want, decided))
    segment(gpu, task, SPEED_SIZE, 3, short_side)  # warms up
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.synchronize()
    start = time.perf_counter()
    segment(gpu, task, SPEED_SIZE, frames, short_side)
    torch.cuda.synchronize()
    rate = frames / (time.perf_counter() - start)
    memory = torch.cuda.max_memory_allocated() / 2**20
    print(
        f"{task.value:8} {'DIFFERS' if wrong else 'equal':8} {rate:7.1f} frames/s {memory:7.0f} MB"
    )
    return wrong


def segment(
    segmenter: Segmenter, task: Task, size: tuple[int, int], frames: int, short_side: int
) -> list[FrameResult]:
    """A drawn video by a task."""
    images = [picture(index, size, thing=True) for index in range(frames)]
    categories = None if task in (Task.VOS, Task.REFVOS) else ["cat", "sky", "grass"]
    prompts: list[Prompt] = []
    if task is Task.REFVOS:
        prompts = [Text("the bright square", 1)]
    elif not task.by_category:
        prompts = [Mask(mask(size), 1), Box(size[1] // 2, 4, size[1] - 4, size[0] - 4, 2)]
    return list(
        segmenter.segment(
            images, task=task, categories=categories, prompts=prompts, short_side=short_side
        )
    )


def check_step(precision: str) -> bool:
    """Prints the row of a training step; whether its losses are wrong."""
    want, got = losses("cpu", "fp32"), losses("cuda", precision)
    limit = 0.01 if precision == "fp32" else 0.1
    worst = max(abs(got[name] - value) / max(abs(value), 1e-3) for name, value in want.items())
    wrong = not worst <= limit
    print(f"a training step in {precision}: losses differ by {worst:.1e} (limit {limit})")
    return wrong


def losses(device: str, precision: str) -> dict[str, float]:
    """Loss terms of a step on drawn clips.

    The points that losses are sampled at are drawn on the CPU, to be the same on both devices.
    """
    place = torch.device(device)
    model = small_model().to(place)
    objective = build_objective(objective_config("clips"), model, Letters())
    batch = batch_of(drawn_clip(squares(3, 4)), drawn_clip(squares(3, 2)))
    drawn, permuted = torch.rand, torch.randperm
    torch.manual_seed(0)
    try:
        torch.rand = on_cpu(drawn)
        torch.randperm = on_cpu(permuted)
        with autocast(place, precision):
            terms = objective(model, batch, np.random.default_rng(0))
    finally:
        torch.rand, torch.randperm = drawn, permuted
    terms["total"].backward()
    return {name: float(value) for name, value in terms.items()}


def on_cpu(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A source of random numbers that draws on the CPU and copies."""

    def drawn(*shape: int, device: torch.device | None = None, generator: object = None) -> Tensor:
        return draw(*shape).to(device)

    return drawn


def failed(check: Callable[[], None]) -> bool:
    """Runs a check; whether it failed, which is printed."""
    try:
        check()
    except AssertionError as error:
        print(error)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
