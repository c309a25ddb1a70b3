"""Whether shape and place keep ids steady when detections are matched with known objects.

    python benchmarks/association.py DATA_FOLDER [--clips 3] [--frames 20] [--seed 0]

Pasted clips of three animals of one class (``voc-animals``) that cross a grey ground, segmented by
nano. In every frame true objects of 100 pixels and more are paired with segments by the Hungarian
method on IoU above 0.5. ``switches``: an object is shown under another id than when it was last
found; ``fragments``: it is found again after frames without; ``found``: share of true masks.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from itertools import islice
from pathlib import Path

import numpy as np
import shape_matching
import torch
from PIL import Image
from scipy.optimize import linear_sum_assignment

from vidseg.datasets.copy_paste import CutOut, cut_out
from vidseg.datasets.schema import Region
from vidseg.inference.loading import load
from vidseg.results import FrameResult

Frame = tuple[Image.Image, dict[int, np.ndarray]]


def count(results: list[FrameResult], truth: list[dict[int, np.ndarray]]) -> np.ndarray:
    """[4] switches, fragments, masks found, true masks."""
    last: dict[int, int] = {}
    lost: set[int] = set()
    totals = np.zeros(4, dtype=int)
    for result, masks in zip(results, truth, strict=True):
        true = {n: m for n, m in masks.items() if m.sum() >= 100}
        shown = [s for s in result.segments if s.is_thing and s.mask.any()]
        iou = np.array(
            [[(m & s.mask).sum() / (m | s.mask).sum() for s in shown] for m in true.values()]
        ).reshape(len(true), len(shown))
        rows, columns = linear_sum_assignment(-np.where(iou > 0.5, iou, 0))
        names = list(true)
        found = {
            names[r]: shown[c].id for r, c in zip(rows, columns, strict=True) if iou[r, c] > 0.5
        }
        for n, i in found.items():
            totals[0] += last.get(n, i) != i
            totals[1] += n in lost
            last[n] = i
            lost.discard(n)
        lost |= {n for n in last if n not in found}
        totals[2:] += len(found), len(true)
    return totals


def pasted(data: Path, clips: int, frames: int, seed: int) -> list[list[Frame]]:
    """Clips of three animals of one class that cross a photograph."""
    folder = data / "voc-animals"
    rows = json.loads((folder / "panoptic_val.json").read_text())["annotations"]
    rng = np.random.default_rng(seed)
    cut: dict[int, list[CutOut]] = defaultdict(list)
    for row in rows:
        picture = Image.open(folder / "images" / f"{Path(row['file_name']).stem}.jpg")
        ids = np.array(Image.open(folder / "panoptic" / row["file_name"]))
        for segment in row["segments_info"]:
            if segment["category_id"] in shape_matching.ANIMALS and not segment["iscrowd"]:
                image = np.array(picture.convert("RGB"))
                item = cut_out(image, ids, Region(0), segment["id"], smallest=4000)
                if item is not None:
                    cut[segment["category_id"]].append(item)
    made = []
    for _ in range(clips):
        pool = cut[int(rng.choice([kind for kind in cut if len(cut[kind]) >= 3]))]
        items = [pool[i] for i in rng.permutation(len(pool))[:3]]
        ground = Image.fromarray(np.full((240, 320, 3), 120, np.uint8))
        share = (0.4, 0.5)
        clip = shape_matching.pasted_clip(rng, ground, items, share, 1.0)
        made.append(list(islice(clip, frames)))
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = pasted(options.data, options.clips, options.frames, options.seed)
    segmenter = load("nano", "cpu")
    print("| task | association | affinity | switches | fragments | found | of |")
    print("|---|---|---|---:|---:|---:|---:|")
    for task in ("vis", "vps"):
        for association in ("prompts", "similarity"):
            for affinity in ("appearance", "shape_position"):
                values = {"association": association, "affinity": affinity}
                config = segmenter.config(task).override(values)
                total = np.zeros(4, dtype=int)
                for clip in clips:
                    results = segmenter.segment(
                        [np.array(image) for image, _ in clip],
                        task=task,
                        categories="cat,cow,dog,horse,sheep",
                        config=config,
                    )
                    total += count(list(results), [masks for _, masks in clip])
                row = (task, association, affinity, *total)
                print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
