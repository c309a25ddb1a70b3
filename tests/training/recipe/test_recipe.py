"""Recipes are read with their bases and overrides, typed, checked, and printed as themselves."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.errors import RecipeError
from vidseg.training.recipe.reading import merge, read_recipe, recipe_text
from vidseg.training.recipe.schema import ScheduleConfig
from vidseg.training.recipe.yaml_files import dump_yaml, load_yaml

Plain = dict[str, Any]

SMALL = """
model: {preset: debug}
data:
  root: x
  size: 64
  clips: 2
  sources:
    lvis: {folder: coco, weight: 1e-1}
    mine: {kind: masked_videos, folder: videos, donor: lvis}
schedule: {iterations: 10}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_values_are_typed_and_the_rest_has_defaults(small: Path) -> None:
    recipe = read_recipe(small)
    lvis, mine = recipe.data.sources
    assert (lvis.name, lvis.kind, lvis.weight) == ("lvis", "lvis", 0.1)
    assert (mine.kind, mine.split, mine.donor) == ("masked_videos", None, "lvis")
    assert recipe.schedule == ScheduleConfig(iterations=10)
    assert recipe.init.start == "none" and recipe.optimiser.scales == {}


def test_overrides_change_one_value_each_and_the_last_wins(small: Path) -> None:
    recipe = read_recipe(
        small,
        [
            "optimiser.lr=1e-5",
            "optimiser.lr=2e-5",
            "optimiser.scales.backbone.res2=0",
            "optimiser.clip_gradient=null",
            "data.sources.lvis.weight=2",
            "data.sources.mine=null",
            "data.augmentation.scale=[0.5, 1]",
            "objective.prompts.only={lvis: [mask, box]}",
            "model.overrides.decoder.queries=3",
            "init.start=runs/a=b",
            "schedule.steps=[4, 8]",
            "engine.compile=true",
        ],
    )
    assert recipe.optimiser.lr == 2e-5 and recipe.optimiser.clip_gradient is None
    assert recipe.optimiser.scales == {"backbone.res2": 0.0}
    assert [source.name for source in recipe.data.sources] == ["lvis"]
    assert recipe.data.sources[0].weight == 2.0
    assert recipe.data.augmentation.scale == (0.5, 1.0)
    assert recipe.objective.prompts.only == {"lvis": ("mask", "box")}
    assert recipe.model.overrides == {"decoder": {"queries": 3}}
    assert recipe.init.start == "runs/a=b"
    assert recipe.schedule.steps == (4, 8) and recipe.engine.compile is True


def test_bases_are_joined_from_left_to_right_below_the_own_values(
    small: Path, tmp_path: Path
) -> None:
    write(tmp_path, "other.yaml", "data: {clips: 4, frames: 3}\noptimiser: {scales: {backbone: 1}}")
    child = write(
        tmp_path,
        "child.yaml",
        "base: [small.yaml, other.yaml]\n"
        "data: {frames: 5, sources: {mine: null, more: {kind: davis2017, folder: d}}}\n"
        "optimiser: {scales: {backbone: null, mask_decoder: 2}}",
    )
    recipe = read_recipe(child)
    assert (recipe.data.size, recipe.data.clips, recipe.data.frames) == (64, 4, 5)
    with pytest.raises(RecipeError, match="donor is 'lvis'"):
        read_recipe(write(tmp_path, "a.yaml", "base: small.yaml\ndata: {sources: {lvis: null}}"))
    assert [source.name for source in recipe.data.sources] == ["lvis", "more"]
    assert recipe.optimiser.scales == {"mask_decoder": 2.0}


def test_a_packaged_recipe_may_be_the_base_of_a_file(tmp_path: Path) -> None:
    child = write(tmp_path, "mine.yaml", "base: nano_stage1\ndata: {root: elsewhere}")
    recipe = read_recipe(child)
    assert recipe.data.root == "elsewhere" and recipe.model.preset == "nano"


def test_what_is_printed_is_the_same_recipe(small: Path, tmp_path: Path) -> None:
    recipe = read_recipe(small, ["optimiser.lr=1e-5", "init.start='1e-4'", "logging.wandb=on"])
    printed = write(tmp_path, "printed.yaml", recipe_text(recipe))
    assert read_recipe(printed) == recipe
    assert recipe.init.start == "1e-4" and recipe.logging.wandb == "on"


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("optimiser.lrr=1", "optimiser.lrr is no key of a recipe; the nearest is 'optimiser.lr'"),
        ("optimizer.lr=1", "optimizer.lr is no key of a recipe; the nearest is 'optimiser.lr'"),
        ("lr=1", "lr is no key of a recipe; the nearest is 'optimiser.lr'"),
        ("data.sources.lvsi.weight=2", "has no data.sources.lvsi; the nearest is 'lvis'"),
        ("data.sources.lvis.wieght=2", "the nearest is 'data.sources.lvis.weight'"),
        ("data.clips=abc", "data.clips needs a whole number, not 'abc'"),
        ("data.clips=1.5", "data.clips needs a whole number, not 1.5"),
        ("data.clips=true", "data.clips needs a whole number, not True"),
        ("optimiser.lr=.inf", "optimiser.lr needs a finite number, not inf"),
        ("optimiser.lr=fast", "optimiser.lr needs a number, not 'fast'"),
        ("engine.compile=1", "engine.compile needs true or false, not 1"),
        ("init.start=", "init.start needs a text, not nothing"),
        ("engine.precision=fp8", "engine.precision needs one of fp32, bf16, fp16, not 'fp8'"),
        ("data.augmentation.scale=[1]", "data.augmentation.scale needs a list of 2 values"),
        ("schedule.steps=5", "schedule.steps needs a list, not 5"),
        ("data=3", "data needs keys such as root, not 3"),
        ("data.sources=[lvis]", "data.sources needs entries by name"),
        ("optimiser.scales=0.1", "optimiser.scales needs keys and values, not 0.1"),
        ("data.clips=[1,", "not valid YAML"),
        ("data.clips", "'data.clips' is no setting; write key=value"),
        ("base=nano_stage1", "base can only be set in a file"),
    ],
)
def test_a_wrong_override_is_told_by_its_key(small: Path, override: str, told: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_recipe(small, [override])
    assert told in str(error.value) and override in str(error.value)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.size=100", "data.size is 100; it needs a number that is a multiple of 32"),
        ("data.clips=0", "data.clips is 0; it needs a number more than 0"),
        ("data.workers=-1", "data.workers is -1; it needs a number 0 or more"),
        ("data.single_frames=2", "data.single_frames is 2.0; it needs a number from 0 to 1"),
        ("data.augmentation.scale=[2, 1]", "data.augmentation.scale needs two positive numbers"),
        ("data.augmentation.short_sides=[]", "short_sides needs at least one"),
        ("data.sources.mine.donor=lvs", "'lvs', which is no source of this recipe; the nearest"),
        ("data.sources={lvis: null, mine: null}", "data.sources is empty"),
        ("data.sources={lvis: {weight: 0}, mine: {weight: 0}}", "give one of them a weight"),
        ("data.sources.lvis.held_out=1", "held_out is 1.0; it needs a number at least 0 and below"),
        ("objective.prompts.only.lvs=[mask]", "names 'lvs', which is no source"),
        ("objective.prompts.only.lvis=[]", "only.lvis is empty"),
        ("objective.prompts.shares.mask=0", "give one of them a share"),
        ("objective.kind=long_video", "objective.clip_frames is 5, more than the 1 of data.frames"),
        ("optimiser.scales.backbone=-1", "optimiser.scales.backbone is -1.0"),
        ("schedule.steps=[5, 5]", "schedule.steps must rise"),
        ("engine.accumulate=3", "data.clips is 2, which engine.accumulate=3 does not divide"),
        ("evaluation.best=davis/J", "evaluation.best is 'davis/J', but the recipe has no such"),
        ("ema.decay=1", "ema.decay is 1.0"),
    ],
)
def test_a_value_out_of_range_is_told_by_its_key(small: Path, override: str, told: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_recipe(small, ["objective.prompts.shares.mask=1", override])
    assert told in str(error.value) and "small.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data: {rooot: x}", "data.rooot is no key of a recipe; the nearest is 'data.root'"),
        ("data: [1]", "data needs keys such as root, not [1]"),
        ("just words", "must hold keys and values"),
        ("data: {clips: 1}\ndata: {clips: 2}", "line 2: the key 'data' is there twice"),
        ("data: {clips: 1", "not valid YAML"),
        ("base: 3", "base needs the name of a recipe"),
        ("base: bad.yaml", "its own base"),
        ("base: gone.yaml", "There is no recipe file"),
        ("base: nano_stage7", "There is no recipe 'nano_stage7'; the nearest is"),
        ("base: ../../__init__", "There is no recipe"),
        ("data: {sources: {a: {folder: b}}}", "schedule is missing"),
        ("data: {sources: {a: {kind: b}}}\nschedule: {iterations: 1}", "sources.a.folder is miss"),
        ("schedule: {iterations: 1}", "data is missing"),
    ],
)
def test_a_wrong_file_is_told_by_its_name(tmp_path: Path, text: str, told: str) -> None:
    file = write(tmp_path, "bad.yaml", text)
    with pytest.raises(RecipeError) as error:
        read_recipe(file)
    assert told in str(error.value)
    assert "bad" in str(error.value) or "gone" in str(error.value) or "base" in text


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "bytes.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="is not written in UTF-16"):
        read_recipe(file)


texts = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \n"), max_size=8)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(plain_values)
def test_yaml_gives_back_what_was_written(values: object) -> None:
    assert load_yaml(dump_yaml(values), "here") == values


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1.5E3", 1500.0), ("on", "on"), ("no", "no"), ("true", True), ("12", 12)],
)
def test_yaml_has_no_traps(text: str, value: object) -> None:
    assert load_yaml(text, "here") == value and type(load_yaml(text, "here")) is type(value)


mappings = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
).filter(lambda value: isinstance(value, dict))


@given(mappings, mappings)
def test_merging_joins_mappings_and_changes_no_argument(a: Plain, b: Plain) -> None:
    copies = [copy.deepcopy(x) for x in (a, b)]
    assert merge({}, a) == a and merge(a, {}) == a and merge(a, a) == a
    joined = merge(a, b)
    for key, value in b.items():
        assert joined[key] == (merge(a[key], value) if both_mappings(a.get(key), value) else value)
    assert [a, b] == copies


def both_mappings(a: object, b: object) -> bool:
    return isinstance(a, dict) and isinstance(b, dict)


def test_reading_a_recipe_loads_no_torch(small: Path) -> None:
    code = (
        "import sys\n"
        "from vidseg.training.recipe.reading import read_recipe\n"
        f"read_recipe({str(small)!r})\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
