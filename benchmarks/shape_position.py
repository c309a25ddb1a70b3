"""Time of the shape-position descriptor, and how much faster it is than plain NumPy.

    python benchmarks/shape_position.py [--masks 100] [--size 480x854] [--repeats 50] [--plain 10]

Masks are drawn: wavy blobs of all sizes, some cut by the frame, every third with a hole, every
fifth in two parts. The time is that of masks [N, H, W] to descriptors [N, 256], first with one,
then with two threads; the least counts, for what other programs take is no property of the code.
The median is told beside it, and the least CPU time, which on a busy machine says more. The plain
code is that of the tests: one object, one side of a pixel, one bin at a time; it runs on some of
the masks, and the results are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.models import plain_descriptor as plain
from vidseg.models.gvseg.shape_position import DescriptorConfig, descriptors

WIDTH = 256


def drawn_masks(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    """[count, height, width] bool."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    masks = np.zeros((count, height, width), dtype=bool)
    for n, mask in enumerate(masks):
        for _ in range(2 if n % 5 == 0 else 1):
            dx, dy = x - rng.uniform(0, width), y - rng.uniform(0, height)
            angle, radius = np.arctan2(dy, dx), np.hypot(dx, dy * rng.uniform(0.6, 1.6))
            size = height * np.exp(rng.uniform(np.log(0.04), np.log(0.4)))
            waves = sum(rng.normal(0, 0.25 / k) * np.sin(k * angle + k) for k in range(1, 7))
            mask |= radius < size * (1 + waves)
            if n % 3 == 0:
                mask &= radius > 0.3 * size
    return torch.from_numpy(masks)


def seconds(
    masks: Tensor, config: DescriptorConfig, threads: int, repeats: int
) -> tuple[list[float], list[float]]:
    """Times of single calls and their CPU times, after one that is not counted."""
    torch.set_num_threads(threads)
    walls, processors = [], []
    for _ in range(repeats + 1):
        begun, worked = time.perf_counter(), time.process_time()
        descriptors(masks, config, WIDTH)
        processors.append(time.process_time() - worked)
        walls.append(time.perf_counter() - begun)
    return walls[1:], processors[1:]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--masks", type=int, default=100)
    parser.add_argument("--size", default="480x854", help="height x width")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--plain", type=int, default=10, help="masks for the plain code")
    options = parser.parse_args()
    height, width = (int(side) for side in options.size.split("x"))
    masks = drawn_masks(options.masks, height, width)
    config = DescriptorConfig()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print(f"{options.masks} masks of {height} x {width}\n")
    print("| threads | ms, least | ms, median | ms of CPU, least |\n|---:|---:|---:|---:|")
    best = float("inf")
    for threads in (1, 2):
        walls, processors = seconds(masks, config, threads, options.repeats)
        best = min(best, min(walls))
        figures = (min(walls), statistics.median(walls), min(processors))
        print(f"| {threads} | " + " | ".join(f"{1e3 * figure:.1f}" for figure in figures) + " |")
    few = masks[: options.plain].numpy()
    begun = time.perf_counter()
    expected = np.stack([plain.descriptor(mask, config, WIDTH) for mask in few])
    spent = (time.perf_counter() - begun) * options.masks / len(few)
    error = np.abs(descriptors(masks[: len(few)], config, WIDTH).numpy() - expected).max()
    print(
        f"\nPlain NumPy: {spent:.1f} s for as many masks (measured on {len(few)}), "
        f"{spent / best:.0f} times as long; largest difference {error:.1e}."
    )


if __name__ == "__main__":
    main()
