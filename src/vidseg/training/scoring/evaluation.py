"""Measures the model of a checkpoint on the benchmarks of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from ...benchmarking.release import OnRequest, first_masks
from ...errors import RecipeError
from ...inference.files.loading import load
from ...inference.segmenter import Segmenter
from ...prompts import Prompt
from ..parallel.processes import team
from ..recipe.schema import BenchmarkConfig, Recipe
from ..run.checkpointing import MODEL
from ..run.milestones import Evaluate
from .benchmark_scores import (
    ObjectScores,
    PanopticScores,
    Scores,
    SemanticScores,
    SentenceScores,
    TrackScores,
    Truth,
)
from .benchmark_videos import BenchmarkVideos, open_videos


def build_evaluation(recipe: Recipe, device: torch.device) -> Evaluate | None:
    """Opens the benchmarks of a recipe; None where it has none or never evaluates.

    Returns:
        Measures a model folder on ``device``: figures in percent by ``benchmark/figure``.

    Raises:
        DataError: a folder or label file that is missing or damaged.
        RecipeError: a task by class on a benchmark without classes.
    """
    if not recipe.engine.evaluate_every or not recipe.evaluation.benchmarks:
        return None
    opened = [
        (benchmark, _open(benchmark, Path(recipe.data.root)))
        for benchmark in recipe.evaluation.benchmarks
    ]

    def evaluate(folder: Path) -> Mapping[str, float]:
        segmenter = load(folder, str(device), text_weights=recipe.model.text_weights)
        return {
            f"{benchmark.name}/{name}": value
            for benchmark, videos in opened
            for name, value in measure(
                segmenter, benchmark, videos, recipe.evaluation.settings
            ).items()
        }

    return evaluate


def measure_run(recipe: Recipe, out: Path) -> Mapping[str, float]:
    """Figures of the newest model in the output of a run, on the benchmarks of a recipe."""
    often = replace(recipe, engine=replace(recipe.engine, evaluate_every=1))
    with team(recipe.engine.device) as crew:
        evaluate = build_evaluation(often, crew.device)
    return {} if evaluate is None else evaluate(out / MODEL)


def measure(
    segmenter: Segmenter,
    config: BenchmarkConfig,
    videos: BenchmarkVideos,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, float]:
    """The figures of one benchmark, with ``settings`` in place of the model's own.

    Raises ModelError for a setting that there is not.
    """
    own = segmenter.config(config.task).override(settings)
    scores = _scores(config, videos)
    for video, length in enumerate(videos.lengths[: config.most_videos]):
        shown = min(length, config.most_frames or length)
        truth = OnRequest(partial(videos.masks, video), shown)
        asked = _asked(config, videos, video, truth, scores)
        if not asked:
            continue
        pictures = OnRequest(partial(videos.picture, video), shown)
        with segmenter.segment(
            pictures, task=config.task, short_side=config.short_side, config=own, **asked
        ) as results:
            scores.add(results, truth, videos.tracks(video))
    return scores.figures()


def _asked(
    config: BenchmarkConfig, videos: BenchmarkVideos, video: int, truth: Truth, scores: Scores
) -> dict[str, Any]:
    """What the segmenter is asked about a video; empty where there is nothing to ask."""
    if config.task in ("vis", "vss", "vps"):
        return {"categories": list(videos.names)}
    prompts: list[Prompt]
    if isinstance(scores, SentenceScores):
        prompts = [*scores.ask(videos.sentences(video))]
        return {"prompts": prompts} if prompts else {}
    masks = [*first_masks(truth)]
    if config.task == "pvos":
        told = {i: videos.category(track) for i, track in videos.tracks(video).items()}
        named = ((mask, *told[mask.object_id]) for mask in masks)
        masks = [replace(mask, category=name, is_thing=thing) for mask, name, thing in named]
    prompts = [*masks]
    return {"prompts": prompts} if prompts else {}


def _open(config: BenchmarkConfig, root: Path) -> BenchmarkVideos:
    videos = open_videos(config, root)
    if config.task not in ("vos", "refvos") and not videos.names:
        raise RecipeError(
            f"evaluation.benchmarks.{config.name}.task is {config.task}, but {config.kind} has no "
            f"classes; the task can be vos or refvos."
        )
    return videos


def _scores(config: BenchmarkConfig, videos: BenchmarkVideos) -> Scores:
    if config.task in ("vos", "pvos"):
        return ObjectScores()
    if config.task == "refvos":
        return SentenceScores()
    if config.task == "vis":
        return TrackScores(videos.names)
    if config.task == "vss":
        return SemanticScores(videos.names)
    return PanopticScores(videos.names, videos.things)
