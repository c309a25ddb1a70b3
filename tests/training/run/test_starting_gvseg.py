"""What a GvSeg takes over from weights of other kinds and of earlier runs, by value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vidseg.errors import ModelError, RecipeError
from vidseg.models.decoder.heads import PredictionHeads
from vidseg.models.gvseg.config import GvSegConfig
from vidseg.models.gvseg.filling import fill_gvseg
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.mask2former import Mask2Former
from vidseg.models.presets import debug, debug_mask2former, gvseg_debug, nano
from vidseg.models.text.static_text import StaticTextConfig
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.data import DataConfig
from vidseg.training.recipe.schema import InitConfig, ModelChoice, Recipe, ScheduleConfig
from vidseg.training.run.starting_model import model_config, starting_model

from ...models.files.checkpoints import layouts

OWN = ("query_init.", "prototypes.")
WORDS = ("mask_decoder.heads.to_text.", "mask_decoder.heads.class_temperature")


TOLD: list[str] = []


def started(start: str | Path, preset: str = "gvseg_debug", /, **overrides: object) -> GvSeg:
    recipe = Recipe(
        model=ModelChoice(preset=preset, overrides=overrides),
        init=InitConfig(start=str(start)),
        data=DataConfig(),
        schedule=ScheduleConfig(iterations=1),
    )
    torch.manual_seed(11)
    model = starting_model(recipe, TOLD.append)
    assert isinstance(model, GvSeg) and model.training
    return model


def names_taken(model: GvSeg, state: dict[str, Tensor]) -> set[str]:
    """Names of the model whose numbers are those of ``state``."""
    own = model.state_dict()
    return {n for n, value in own.items() if n in state and torch.equal(value, state[n])}


def saved(model: UniVS | Mask2Former, folder: Path) -> dict[str, Tensor]:
    """Writes the model with numbers that no random start has, and gives them."""
    state = model.state_dict()
    for value in state.values():
        if value.is_floating_point():
            value.add_(torch.rand_like(value) + 0.01)
    model.save_pretrained(folder)
    return state


def test_from_univs_everything_but_the_initial_queries(tmp_path: Path) -> None:
    earlier = saved(UniVS(debug()), tmp_path)
    model = started(tmp_path)
    own = model.state_dict()
    assert names_taken(model, earlier) == {n for n in own if not n.startswith(OWN)}
    told = TOLD[-1]
    assert re.search(r"start anew: prototypes, query_init\.ffn;", told)
    assert re.search(r"not used: .*mask_decoder\.layers\.proca\.attention.*prompt_encoder", told)


def test_what_is_not_used_is_listed() -> None:
    univs, model = UniVS(nano()), GvSeg(gvseg_debug())
    filling = fill_gvseg(model, univs.state_dict(), words=True)
    kinds = {"proca" if ".proca." in n else n.split(".")[0] for n in filling.unused}
    assert kinds == {"prompt_encoder", "propagation", "proca"}
    assert not set(filling.unused) & set(model.state_dict())


def test_from_mask2former_without_its_classes(tmp_path: Path) -> None:
    earlier = saved(Mask2Former(debug_mask2former()), tmp_path)
    model = started(tmp_path)
    want = {n for n in model.state_dict() if not n.startswith((*OWN, *WORDS))}
    assert names_taken(model, earlier) == want


def test_from_the_default_model() -> None:
    model = started("nano", "gvseg_nano")
    filled = {n for n in model.state_dict() if not n.startswith(OWN)}
    assert names_taken(model, UniVS.from_pretrained(_nano()).state_dict()) == filled


def _nano() -> Path:
    from vidseg.models.files.registry import embedded_models

    return embedded_models()["nano"]


def test_other_numbers_of_queries_share_the_first(tmp_path: Path) -> None:
    there = saved(UniVS(debug()), tmp_path)["mask_decoder.query_content.weight"]
    few = started(tmp_path, decoder={"queries": 5})
    assert torch.equal(few.mask_decoder.query_content.weight, there[:5])
    many = started(tmp_path, decoder={"queries": 14})
    assert torch.equal(many.mask_decoder.query_content.weight[:12], there)


def test_words_of_another_encoder_start_anew(tmp_path: Path) -> None:
    """A query that was never compared with these texts starts as none of the classes."""
    earlier = saved(UniVS(debug()), tmp_path)
    model = started(tmp_path, text={"kind": "static_text"}, decoder={"text_dim": 256})
    assert model.config.text == StaticTextConfig()
    want = {n for n in model.state_dict() if not n.startswith((*OWN, *WORDS))}
    assert names_taken(model, earlier) == want
    heads = model.mask_decoder.heads
    assert isinstance(heads, PredictionHeads)
    torch.testing.assert_close(heads.to_text.bias.norm(), torch.tensor(4.0))


def test_from_gvseg_prototypes_go_by_name(tmp_path: Path) -> None:
    torch.manual_seed(3)
    earlier = GvSeg(gvseg_debug())  # cat, grass, sky
    earlier.prototypes.update(torch.tensor([0, 2]), torch.stack((torch.ones(32), torch.zeros(32))))
    earlier.save_pretrained(tmp_path)
    model = started(tmp_path, classes=["sky", "boat", "cat"], shape_aware=False, grid=5)
    assert model.prototypes.seen.tolist() == [True, False, True]
    assert model.prototypes.values.mean(1).tolist() == [0, 0, 1]
    assert names_taken(model, earlier.state_dict()) >= {
        n for n in model.state_dict() if not n.startswith("prototypes.")
    }
    same = started(tmp_path)
    for name, value in same.state_dict().items():
        assert torch.equal(value, earlier.state_dict()[name])


def test_other_parts_are_refused(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path)
    for change, told in (
        ({"decoder": {"heads": 2}}, r"decoder\.heads is 4 there and 2 here"),
        ({"backbone": {"stem_channels": 4}}, "stem_channels is 8 there and 4 here"),
        ({"decoder": {"ffn": 32}}, r"does not fill this model: .*feed_forward"),
        ({"decoder": {"layers": 5}}, r"does not fill this model: .*layers\.4"),
    ):
        with pytest.raises(ModelError, match=told):
            started(tmp_path, **change)


TINY: dict[str, object] = {
    "backbone": {"depths": [1, 2, 1, 1]},
    "pixel_decoder": {"layers": 2, "ffn": 48},
    "decoder": {"layers": 3, "ffn": 40, "text_dim": 24},
}


@pytest.mark.parametrize("kind", ["univs", "mask2former", "resnet"])
@pytest.mark.parametrize("static", [False, True])
def test_from_published_files(tmp_path: Path, kind: str, static: bool) -> None:
    layout = layouts.torchvision(**layouts.TINY_RESNET)
    if kind != "resnet":
        layout = layouts.tiny_model("resnet", univs=kind == "univs", queries=20)
    state, places = layouts.tensors(layout), layouts.places(layout)
    torch.save(state, tmp_path / "published.pth")
    changes = dict(TINY)
    if static:
        decoder = {"layers": 3, "ffn": 40, "text_dim": 256}
        changes |= {"decoder": decoder, "text": {"kind": "static_text"}}
    model = started(tmp_path / "published.pth", **changes)
    own = model.state_dict()
    for name, published in places.items():
        if name not in own or (static and name.startswith(WORDS)):
            continue
        assert torch.equal(own[name], state[published][: len(own[name])]), name
    left = {n for n in own if n not in places and not n.endswith("relative_position_index")}
    assert left >= {n for n in own if n.startswith(OWN)}
    if kind == "univs":
        assert left == {n for n in own if n.startswith(OWN)}


def test_a_gvseg_is_no_start_of_a_univs(tmp_path: Path) -> None:
    GvSeg(gvseg_debug()).save_pretrained(tmp_path)
    recipe = Recipe(
        model=ModelChoice(preset="debug"),
        init=InitConfig(start=str(tmp_path)),
        data=DataConfig(),
        schedule=ScheduleConfig(iterations=1),
    )
    with pytest.raises(ModelError, match="another architecture"):
        starting_model(recipe)


def test_classes_of_a_published_list() -> None:
    config = model_config(ModelChoice(preset="gvseg_debug", classes="vspw"))
    assert model_config(ModelChoice(preset="gvseg_debug")) != config
    assert isinstance(config, GvSegConfig) and len(config.classes) == 124
    with pytest.raises(RecipeError, match="keeps no prototypes"):
        model_config(ModelChoice(preset="debug", classes="vspw"))


@pytest.mark.parametrize(
    "row",
    [
        {"shape_aware": False, "initial": "learned"},
        {"initial": "learned"},
        {},
        *({"descriptor": {"angles": u, "radii": v}} for u, v in ((12, 6), (24, 12), (36, 18))),
        {"descriptor": {"radius_range": "object", "negative": "object"}},
    ],
)
def test_rows_of_the_ablation_are_overrides(row: dict[str, object]) -> None:
    model = started("none", **row)
    features = model.eval().encode_frames(torch.zeros(3, 3, 64, 64))
    queries = model.task_queries("vps", features, 3, ("sky",))
    assert model.decode(features, 3, queries).final.mask_logits.shape[2:] == (3, 16, 16)
    assert len(queries) == (12 if "initial" in row else 13)
