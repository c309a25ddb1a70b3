"""Region similarity J of a model on DAVIS-2016 videos, from a mask, a box and a point.

    python benchmarks/davis_j.py DAVIS_FOLDER [--model nano] [--prompts mask,box,point]

The prompt is derived from the first annotation: the mask itself, its tight box, or its deepest
point. As in the official protocol the first and the last frame do not count. "repeat" is the
score of repeating the first mask, computed in the same run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

import vidseg
from vidseg.prompts import Box, Mask, Point, Prompt
from vidseg.types import MaskArray


def read_masks(folder: Path) -> list[MaskArray]:
    """Annotations of one video: [H, W] bool each."""
    masks = [np.asarray(Image.open(file)) for file in sorted(folder.glob("*.png"))]
    return [(mask if mask.ndim == 2 else mask[..., 0]) > 0 for mask in masks]


def derive_prompt(kind: str, mask: MaskArray) -> Prompt:
    """The prompt that a user with this mask in mind would give."""
    if kind == "mask":
        return Mask(mask)
    if kind == "box":
        ys, xs = np.nonzero(mask)
        return Box(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
    y, x = np.unravel_index(distance_transform_edt(np.pad(mask, 1)).argmax(), np.add(mask.shape, 2))
    return Point(float(x - 1), float(y - 1))


def region_similarity(predicted: MaskArray, truth: MaskArray) -> float:
    """Intersection over union; 1 when both are empty."""
    union = np.logical_or(predicted, truth).sum()
    return float(np.logical_and(predicted, truth).sum() / union) if union else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("davis", type=Path)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--prompts", default="mask,box,point")
    parser.add_argument("--short-side", type=int)
    options = parser.parse_args()
    model = vidseg.load(options.model)
    kinds = options.prompts.split(",")
    videos = sorted((options.davis / "JPEGImages" / "480p").iterdir())
    table: dict[str, list[float]] = {"repeat": [], **{kind: [] for kind in kinds}}
    frames, started = 0, time.perf_counter()
    for video in videos:
        truth = read_masks(options.davis / "Annotations" / "480p" / video.name)
        scored = range(1, len(truth) - 1)
        table["repeat"].append(float(np.mean([region_similarity(truth[0], truth[t]) for t in scored])))
        for kind in kinds:
            extra = {"short_side": options.short_side} if options.short_side else {}
            results = model.segment(video, task="vos", prompts=[derive_prompt(kind, truth[0])], **extra)
            masks = [next(s.mask for s in r.segments if s.id == 1) if r.segments else truth[0] & False
                     for r in results]
            table[kind].append(float(np.mean([region_similarity(masks[t], truth[t]) for t in scored])))
            frames += len(truth)
        print(video.name, {name: round(values[-1], 3) for name, values in table.items()}, flush=True)
    seconds = time.perf_counter() - started
    print("mean J", {name: round(float(np.mean(values)), 3) for name, values in table.items()})
    print(f"{frames} frames, {frames / seconds:.1f} frames/s")


if __name__ == "__main__":
    main()
