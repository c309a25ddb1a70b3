"""The shipped recipes on drawn data, with a model small enough for tests."""

from __future__ import annotations

from pathlib import Path

SMALL_MODEL = (
    "model.overrides={backbone: {stem_channels: 8, channels: [8, 8, 8, 8, 8, 8, 8], "
    "depths: [1, 1, 1, 1, 1, 1, 1]}, pixel_decoder: {hidden: 16, mask_dim: 16}, "
    "decoder: {hidden: 16, heads: 2, layers: 1, ffn: 16, queries: 4}, "
    "propagation: {key_channels: 8, tile: 4, halo: 2, refiner_channels: 4}}"
)


def small_settings(root: Path) -> list[str]:
    """Overrides of ``nano_stage*`` for the folder that the drawing fixtures fill."""
    return [
        SMALL_MODEL,
        "init.start=none",
        f"data.root={root}",
        "data.size=64",
        "data.workers=0",
        "data.clips=2",
        "data.sources.voc-animals.folder=.",
        "data.sources.coco-mini.folder=.",
        "data.sources.camvid.folder=street/train",
        "data.sources.video-extra.folder=.",
        "data.augmentation.smallest_area=1",
        "objective.losses.overrides.points=50",
        "objective.losses.overrides.match_points=50",
        "evaluation.benchmarks.davis2016-dev.short_side=32",
        "evaluation.benchmarks.davis2016-dev.most_videos=1",
        "evaluation.benchmarks.camvid-val.folder=street/train",
        "evaluation.benchmarks.camvid-val.short_side=32",
        "evaluation.benchmarks.camvid-val.most_videos=1",
        "schedule={iterations: 3, warmup: 1}",
        "engine={device: cpu, save_every: 2, log_every: 1, evaluate_every: 0, draw_every: 0}",
    ]
