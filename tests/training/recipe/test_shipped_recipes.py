"""The recipes inside the package: readable, complete, and with the published values."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

from vidseg.datasets.sources.registry import dataset_names, splits_of
from vidseg.models.loading import VideoModel, build_model
from vidseg.training.losses.config import named_losses
from vidseg.training.recipe.reading import read_recipe, recipe_names, recipe_text
from vidseg.training.recipe.schema import ModelChoice, Recipe
from vidseg.training.run.optimiser import build_optimiser, freeze
from vidseg.training.run.starting_model import model_config

BACKBONES = ("r50", "swint", "swinb", "swinl")
PLAIN_LAYOUTS = (
    "coco_panoptic_stills",
    "coco_instance_stills",
    "label_map_videos",
    "masked_videos",
)
COUPLED = {"refcoco+": "refcoco", "refcocog": "refcoco"}


def weights(recipe: Recipe) -> dict[str, float]:
    """Sampling weights; the three RefCOCO sets as the one mixture that papers count them as."""
    found: dict[str, float] = {}
    for source in recipe.data.sources:
        name = COUPLED.get(source.name, source.name)
        found[name] = round(found.get(name, 0) + source.weight, 6)
    return found


@cache
def _model(preset: str) -> VideoModel:
    with torch.device("meta"):
        return build_model(model_config(ModelChoice(preset=preset)))


def empty_model(preset: str) -> VideoModel:
    """Without numbers, all of it trainable; built once, which takes most of a second."""
    return _model(preset).requires_grad_(True).train()


def test_every_stage_has_a_recipe() -> None:
    published = {
        f"univs_{b}_stage{n}{variant}"
        for b in BACKBONES
        for n in (1, 2, 3)
        for variant in ("", "_paper")
    }
    staged = {name for name in recipe_names() if not name.startswith("gvseg")}
    assert staged == published | {f"nano_stage{n}" for n in (1, 2, 3)}


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_are_whole_and_print_as_themselves(name: str, tmp_path: Path) -> None:
    recipe = read_recipe(name)
    file = tmp_path / "printed.yaml"
    file.write_text(recipe_text(recipe))
    assert read_recipe(file) == recipe
    for source in recipe.data.sources:
        assert source.kind in (*dataset_names(), *PLAIN_LAYOUTS)
        if source.kind in dataset_names():
            splits = splits_of(source.kind)
            assert source.split in splits if splits else source.split is None
    if name.startswith("gvseg"):
        assert recipe.init.start == ("nano" if name == "gvseg_nano" else "none")
        return
    stage = int(name.split("stage")[1][0])
    earlier = name.replace(f"stage{stage}", f"stage{stage - 1}")
    first = "imagenet" if name.startswith("nano") else f"mask2former_{name.split('_')[1]}"
    assert recipe.init.start == (first if stage == 1 else f"runs/{earlier}")


@pytest.mark.parametrize("name", recipe_names())
def test_frozen_and_scaled_parts_are_parts_of_the_model(name: str) -> None:
    recipe = read_recipe(name)
    model = empty_model(recipe.model.preset)
    freeze(model, recipe.optimiser.freeze)
    groups = build_optimiser(model, recipe.optimiser).param_groups
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert sum(len(group["params"]) for group in groups) == len(trained)
    backbone = {n for n in trained if n.startswith("backbone.")}
    if name.startswith("gvseg"):
        assert backbone
    elif "_r50_" in name or name.endswith("_paper"):
        assert bool(backbone) is ("stage1" in name)
    elif "_swin" in name and "stage1" not in name:
        assert {n.split(".")[1] for n in backbone} == {"norm0", "norm1", "norm2", "norm3"}
    pixel_decoder = any(n.startswith("pixel_decoder.") for n in trained)
    assert pixel_decoder is not name.endswith("stage3_paper")


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(
    ("stage", "frames", "lr", "iterations", "step"),
    [
        (1, 1, 1e-4, 354_000, 342_000),
        (2, 3, 5e-5, 708_000, 684_000),
        (3, 7, 5e-5, 177_000, 162_000),
    ],
)
def test_table_6(
    backbone: str, stage: int, frames: int, lr: float, iterations: int, step: int
) -> None:
    recipe = read_recipe(f"univs_{backbone}_stage{stage}_paper")
    assert recipe.data.frames == frames and recipe.optimiser.lr == lr
    assert recipe.schedule.iterations == iterations and recipe.schedule.steps == (step,)
    assert recipe.objective.losses.preset == "paper"
    images = {"sa1b": 1.0, "coco_panoptic": 1.0, "lvis": 0.5, "refcoco": 1.0}
    mixed = {
        "sa1b": 0.25,
        "coco_panoptic": 0.5,
        "lvis": 0.25,
        "refcoco": 0.35,
        "ytvis2021": 0.25,
        "ovis": 0.35,
        "vipseg": 0.5,
        "youtube_vos2018": 0.25,
        "mose": 0.25,
        "burst": 0.25,
        "ref_youtube_vos": 0.35,
    }
    assert weights(recipe) == (images if stage == 1 else mixed)


def test_released_values() -> None:
    def read(backbone: str, stage: int) -> Recipe:
        return read_recipe(f"univs_{backbone}_stage{stage}")

    mixture = {
        "sa1b": 0.25,
        "coco_panoptic": 0.25,
        "lvis": 0.15,
        "refcoco": 0.5,
        "entityseg": 0.5,
        "ytvis2021": 0.25,
        "ovis": 0.35,
        "vipseg": 0.5,
        "youtube_vos2018": 0.25,
        "mose": 0.15,
        "burst": 0.15,
        "ref_youtube_vos": 0.35,
    }
    later = {**mixture, "refcoco": 0.35, "ref_youtube_vos": 0.5}
    for backbone in BACKBONES:
        one, two, three = (read(backbone, stage) for stage in (1, 2, 3))
        swin = backbone != "r50"
        assert [r.optimiser.lr for r in (one, two, three)] == [5e-5, 5e-5, 2.5e-5]
        assert [r.schedule.iterations for r in (one, two, three)] == [354_000, 354_000, 89_000]
        assert two.schedule.steps == ((324_000,) if swin else (342_000,))
        assert three.schedule.steps == (81_000,)
        assert (two.data.frames, three.data.frames) == (5 if swin else 3, 7)
        assert (three.objective.kind, three.objective.clip_frames) == ("long_video", 5)
        assert [r.ema.decay for r in (one, two, three)] == [None, None, 0.9999]
        assert weights(two) == mixture
        assert weights(three) == ({**later, "refcoco": 0.75} if backbone == "swinb" else later)
        ovis = [next(s for s in r.data.sources if s.name == "ovis") for r in (two, three)]
        assert [s.frame_range for s in ovis] == [2 * two.data.frames, 2 * three.data.frames]
        square = [r.data.augmentation.preset == "lsj" for r in (one, two, three)]
        assert square == [True, swin, False]
    assert read("swint", 1).schedule.steps == (324_000,)
    assert read("swinb", 2).data.clips == 4 and read("swinl", 2).data.clips == 8


def test_reid_weights_as_released_and_as_in_the_paper() -> None:
    def reid(name: str) -> float:
        losses = read_recipe(name).objective.losses
        config = named_losses(losses.preset, losses.overrides)
        assert len({config.reid, config.reid_aux, config.reid_l2p, config.reid_l2p_aux}) == 1
        return config.reid

    assert reid("univs_r50_stage1") == reid("univs_r50_stage2") == 0.5
    assert reid("univs_swinl_stage1") == reid("univs_swinl_stage2") == 0.25
    assert reid("univs_r50_stage3") == 0.25
    assert reid("univs_swint_stage3") == 0.125
    assert reid("univs_swint_stage2_paper") == reid("univs_swint_stage3_paper") == 0.5


def test_each_source_of_a_stage_has_a_prompt_that_its_data_allow() -> None:
    recipe = read_recipe("univs_r50_stage2")
    only = recipe.objective.prompts.only
    assert set(only) == {source.name for source in recipe.data.sources}
    for source in recipe.data.sources:
        assert source.only_described is (only[source.name] == ("expression",))
