"""The recipes of GvSeg say what the paper says."""

from __future__ import annotations

import pytest

from vidseg.errors import RecipeError
from vidseg.models.gvseg.config import GvSegConfig
from vidseg.training.recipe.reading import read_recipe, recipe_names
from vidseg.training.run.starting_model import model_config

SHORT = ("ovis", "vspw", "vipseg", "kitti_step")
YOUTUBE = ("ytvis2019", "ytvis2021", "youtube_vos")
TASKS = {"vspw": "vss", "vipseg": "vps", "kitti_step": "vps", "youtube_vos": "evs"}


def test_there_are_all_of_them() -> None:
    wanted = {f"gvseg_{b}_{d}" for b in ("r50", "swinb", "swinl") for d in (*SHORT, *YOUTUBE)}
    assert wanted | {"gvseg_nano"} == {name for name in recipe_names() if "gvseg" in name}


@pytest.mark.parametrize("dataset", [*SHORT, *YOUTUBE])
@pytest.mark.parametrize("backbone", ["r50", "swinb", "swinl"])
def test_schedule_sizes_and_task(backbone: str, dataset: str) -> None:
    """§3.2 and supplement A."""
    recipe = read_recipe(f"gvseg_{backbone}_{dataset}")
    assert recipe.model.preset == f"gvseg_{backbone}"
    assert (recipe.data.clips, recipe.optimiser.lr, recipe.objective.clip_frames) == (16, 1e-3, 3)
    plan, sides = recipe.schedule, recipe.data.augmentation.short_sides
    limits = (min(sides), max(sides), recipe.data.augmentation.long_side)
    names = [source.name for source in recipe.data.sources]
    measured = {entry.name: entry.short_side for entry in recipe.evaluation.benchmarks}
    if dataset in SHORT:
        assert (plan.iterations, plan.steps) == (10000, (7000,))
        assert limits == (480, 800, 1333) and len(names) == 1
        assert measured == {"val": 720}
    else:
        small = backbone == "r50"
        assert (plan.iterations, plan.steps) == (15000, (11000,))
        assert limits == ((240, 480, 768) if small else (360, 600, 1024))
        assert len(names) == 2 and "coco_instances" in names
        assert measured["val"] == (360 if small else 480)
        assert measured.get("burst", 720) == 720
    shares = recipe.objective.tasks.shares
    given = [task for task in ("evs", "vis", "vss", "vps") if getattr(shares, task)]
    assert given == [TASKS.get(dataset, "vis")]


def test_prototypes_are_kept_of_the_classes_of_a_list() -> None:
    config = model_config(read_recipe("gvseg_r50_vipseg").model)
    assert isinstance(config, GvSegConfig) and len(config.classes) == 124
    assert not model_config(read_recipe("gvseg_r50_ovis").model).to_dict()["classes"]
    with pytest.raises(RecipeError, match="nano keeps no prototypes"):
        model_config(read_recipe("nano_stage1", ["model.classes=coco"]).model)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("objective.contrast.tau=0", "objective.contrast.tau is 0"),
        ("objective.contrast.queue=0", "objective.contrast.queue is 0"),
        ("objective.contrast.things=near", "objective.contrast.things"),
        ("objective.prototype_momentum=1.5", "objective.prototype_momentum is 1.5"),
        ("objective.tasks.shares.vps=-1", "objective.tasks.shares.vps is -1"),
        ("objective.tasks.only={ovis: [vps]}", "only names 'ovis', which is no source"),
        ("objective.tasks.only={vipseg: []}", "objective.tasks.only.vipseg is empty"),
        ("objective.tasks.shares={vps: 0}", "Every share of objective.tasks.shares is 0"),
        ("objective.clip_frames=7", "more than the 6 of data.frames"),
        ("engine.draw_every=5", "engine.draw_every is 5"),
    ],
)
def test_a_wrong_value_is_told_by_its_key(setting: str, told: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_recipe("gvseg_r50_vipseg", [setting])
    assert told in str(error.value)
