"""Published names onto our model."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

from tests.models.golden_model import Golden, golden_model
from vidseg.errors import ModelError
from vidseg.models.checkpoints.univs import load_univs_state, our_name, published_state
from vidseg.models.presets import debug, univs_r50, univs_swinb, univs_swinl, univs_swint
from vidseg.models.univs import UniVS


def published_shapes(shared: Path) -> dict[str, list[int]]:
    file = shared / "specs" / "univs_r50_params.txt"
    if not file.is_file():
        pytest.skip(f"{file} not found")
    rows = (line.split("\t") for line in file.read_text().splitlines() if line[0] != "#")
    return {row[0]: ast.literal_eval(row[1]) for row in rows}


def test_every_published_name_has_its_place(shared: Path) -> None:
    with torch.device("meta"):
        own = UniVS(univs_r50()).state_dict()
    shapes = published_shapes(shared)
    assert len(shapes) == 626
    places = {name: our_name(name) for name in shapes}
    assert [name for name, place in places.items() if place is None] == [
        "sem_seg_head.predictor.reid_temp.weight"
    ]
    used = {name: place for name, place in places.items() if place is not None}
    wrong = {name for name, place in used.items() if list(own[place].shape) != shapes[name]}
    assert not wrong
    assert len(set(used.values())) == len(used)
    assert set(own) == set(used.values()), "parts of our model that no published name fills"


@pytest.mark.parametrize("preset", [univs_swint, univs_swinb, univs_swinl])
def test_swin_presets_build(preset: object) -> None:
    assert callable(preset)
    with torch.device("meta"):
        model = UniVS(preset())
    assert model.backbone.spec.channels[3] == 8 * model.backbone.spec.channels[0]


def test_published_names_round_trip(golden: Golden) -> None:
    model, weights = golden_model(golden), golden("tiny_weights")
    back = published_state(model, weights)
    assert set(weights) - set(back) == {"sem_seg_head.predictor.reid_temp.weight"}
    assert all(torch.equal(back[name], weights[name]) for name in back)


def test_what_does_not_fit_is_reported() -> None:
    model = UniVS(debug())
    state = {
        "sem_seg_head.predictor.query_feat.weight": torch.zeros(100, 32),
        "sem_seg_head.predictor.class_embed.weight": torch.zeros(134, 32),
        "sem_seg_head.predictor.level_embed.weight": torch.full((3, 32), 7.0),
    }
    report = load_univs_state(model, state)
    assert report.mismatched == ("sem_seg_head.predictor.query_feat.weight",)
    assert report.unused == ("sem_seg_head.predictor.class_embed.weight",)
    assert "mask_decoder.query_content.weight" in report.missing
    assert bool((model.mask_decoder.level_embed.weight == 7).all())


def test_foreign_checkpoints_are_refused() -> None:
    with pytest.raises(ModelError, match=r"conv1\.weight is not a name of a UniVS"):
        load_univs_state(UniVS(debug()), {"conv1.weight": torch.zeros(1)})
    with pytest.raises(ModelError, match="choose its own preset"):
        wrong = {"sem_seg_head.predictor.query_feat.weight": torch.zeros(1, 1)}
        load_univs_state(UniVS(debug()), wrong)
