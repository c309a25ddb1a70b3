"""GvSeg: queries of tasks, decoding against plain code, and what descriptors change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vidseg.errors import ModelError
from vidseg.models import presets
from vidseg.models.decoder.tensors import FrameFeatures, Prediction
from vidseg.models.gvseg.config import GvSegConfig
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.gvseg.query_init import InitialQueries
from vidseg.models.loading import build_model, load_model
from vidseg.models.presets import debug, gvseg_debug
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.univs.model import UniVS

from ..plain_gvseg import plain_decode

PRESETS = ("gvseg_r50", "gvseg_swinb", "gvseg_swinl", "gvseg_nano", "gvseg_debug")
SMALL = gvseg_debug()
CLOSE = 1e-6  # weights and features are float64, but sine positions float32


def made(seed: int = 0, **changes: object) -> GvSeg:
    """Random weights, large enough that masks are neither empty nor full."""
    torch.manual_seed(seed)
    model = GvSeg(replace(SMALL, **changes)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for layer in model.mask_decoder.heads.mask_embedding.layers:
            assert isinstance(layer, nn.Linear)
            layer.weight.mul_(8)
    return model


def features_of(frames: int, h: int = 8, w: int = 12, seed: int = 1) -> FrameFeatures:
    """Smooth random features of 32 h x 32 w / 8 pixels."""
    g = torch.Generator().manual_seed(seed)
    sizes = ((h // 4, w // 4), (h // 2, w // 2), (h, w))
    a, b, c = (torch.randn(frames, 32, *size, generator=g) for size in sizes)
    coarse = torch.randn(frames, 32, h // 2, w // 2, generator=g)
    fine = torch.nn.functional.interpolate(coarse, size=(2 * h, 2 * w), mode="bilinear")
    return FrameFeatures((a, b, c), fine)


def double(features: FrameFeatures) -> FrameFeatures:
    a, b, c = (level.double() for level in features.levels)
    return FrameFeatures((a, b, c), features.mask_features.double())


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("aware", [False, True])
def test_decoding_equals_plain_code(frames: int, aware: bool) -> None:
    model = made(shape_aware=aware).double()
    features = double(features_of(frames))
    with torch.no_grad():
        queries = model.task_queries("vps", features, frames, ("cat", "boat"))
        output = model.decode(features, frames, queries, auxiliary=True)
        want = plain_decode(model, features, queries)
    for got, (masks, embeddings) in zip((*output.auxiliary, output.final), want, strict=True):
        torch.testing.assert_close(got.mask_logits[0], masks, rtol=CLOSE, atol=CLOSE)
        torch.testing.assert_close(got.embeddings[0, :, 0], embeddings, rtol=CLOSE, atol=CLOSE)
        assert got.learnable == 14


def test_given_descriptors_equal_plain_code_and_only_reach_described_queries() -> None:
    model = made().double()
    features = double(features_of(3))
    told = torch.randn(4, 14, 32, generator=torch.Generator().manual_seed(5)).double()
    asked: list[Prediction] = []

    def describe(prediction: Prediction) -> Tensor:
        asked.append(prediction)
        return told[len(asked) - 1, None]

    with torch.no_grad():
        queries = model.task_queries("vps", features, 3, ("cat", "boat"))
        output = model.decode(features, 3, queries, describe=describe)
        want = plain_decode(model, features, queries, list(told))
    assert queries.described.tolist() == [True] * 12 + [False] * 2
    assert len(asked) == 4 and output.auxiliary == ()
    torch.testing.assert_close(output.final.mask_logits[0], want[-1][0], rtol=CLOSE, atol=CLOSE)
    for got, (masks, _) in zip(asked, want, strict=False):  # the predictions of the layers before
        torch.testing.assert_close(got.mask_logits[0], masks, rtol=CLOSE, atol=CLOSE)


def test_one_frame_with_learned_queries_is_univs() -> None:
    """The time of one frame is the same for all its cells, so no attention can notice it."""
    torch.manual_seed(2)
    univs = UniVS(debug()).eval().double()
    model = GvSeg(replace(SMALL, shape_aware=False, initial="learned")).eval()
    shared = model.state_dict()
    model.load_state_dict({n: univs.state_dict().get(n, v) for n, v in shared.items()})
    model = model.double()
    features, classes = double(features_of(1)), torch.randn(5, 64).double()
    with torch.no_grad():
        queries = model.task_queries("vis", features, 1)
        got = model.decode(features, 1, queries, classes, auxiliary=True)
        for index in (0, 77):
            want = univs.decode(features, torch.tensor([[index]]), None, classes, auxiliary=True)
            for ours, theirs in zip(
                (*got.auxiliary, got.final), (*want.auxiliary, want.final), strict=True
            ):
                for name in ("mask_logits", "class_logits", "embeddings"):
                    torch.testing.assert_close(
                        getattr(ours, name), getattr(theirs, name), rtol=CLOSE, atol=CLOSE
                    )


def test_clips_of_a_batch_do_not_see_each_other_and_predictions_are_the_same_without() -> None:
    model = made().double()
    both, classes = double(features_of(6)), torch.randn(5, 64).double()
    with torch.no_grad():
        queries = model.grid_queries(both, 3)
        output = model.decode(both, 3, queries, classes, auxiliary=True)
        alone = both[slice(3, 6)]
        second = model.decode(alone, 3, model.grid_queries(alone, 3), classes)
    assert output.final.mask_logits.shape == (2, 12, 3, 16, 24)
    assert output.final.embeddings.shape == (2, 12, 1, 32)
    assert len(output.auxiliary) == 4 and second.auxiliary == ()
    for name in ("mask_logits", "class_logits", "embeddings"):
        torch.testing.assert_close(
            getattr(output.final, name)[1:], getattr(second.final, name), rtol=CLOSE, atol=CLOSE
        )


def test_the_order_of_queries_is_of_no_account() -> None:
    model = made().double()
    features = double(features_of(3))
    order = torch.randperm(14, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        one = model.task_queries("vps", features, 3, ("cat", "boat"))
        other = InitialQueries(one.content[:, order], one.position[:, order], one.described[order])
        first, second = (model.decode(features, 3, q).final for q in (one, other))
    torch.testing.assert_close(first.mask_logits[:, order], second.mask_logits)
    torch.testing.assert_close(first.embeddings[:, order], second.embeddings)


def test_descriptors_change_something_and_pass_no_gradient() -> None:
    model = made()
    features = features_of(3)
    told = torch.randn(1, 12, 32, requires_grad=True)
    queries = model.grid_queries(features, 3)
    output = model.decode(features, 3, queries, describe=lambda _: told)
    output.final.mask_logits.sum().backward()
    assert told.grad is None
    own = model.decode(features, 3, queries).final.mask_logits
    plain = made(shape_aware=False).decode(features, 3, queries, describe=_never).final.mask_logits
    nobody = replace(queries, described=torch.zeros_like(queries.described))
    assert not torch.allclose(own, plain, atol=1e-3)
    assert not torch.allclose(own, output.final.mask_logits, atol=1e-3)
    without = model.decode(features, 3, nobody).final.mask_logits
    torch.testing.assert_close(without, plain, rtol=1e-4, atol=1e-4)


def _never(prediction: Prediction) -> Tensor:
    raise AssertionError("descriptors are switched off")


def test_queries_of_each_task() -> None:
    model = made()
    features = features_of(6)
    model.prototypes.update(torch.tensor([1]), torch.full((1, 32), 2.5))
    things = model.task_queries("vis", features, 3)
    middle = FrameFeatures(
        tuple(level[1::3] for level in features.levels),  # type: ignore[arg-type]
        features.mask_features[1::3],
    )
    assert torch.equal(things.content, model.grid_queries(middle, 1).content)
    stuff = model.task_queries("vss", features, 3, ("boat", "grass", "sky"))
    table, place = (
        t.weight for t in (model.mask_decoder.query_content, model.mask_decoder.query_position)
    )
    assert stuff.content.shape == (1, 3, 32) and not stuff.described.any()
    assert torch.equal(stuff.content[0, 1], torch.full((32,), 2.5))
    assert not stuff.position[0, 1].any()
    for row, learned in ((0, 0), (2, 1)):  # not in the list, and in it but never seen
        assert torch.equal(stuff.content[0, row], table[learned])
        assert torch.equal(stuff.position[0, row], place[learned])
    both = model.task_queries("vps", features, 3, ("boat", "grass", "sky"))
    assert torch.equal(both.content, InitialQueries.cat((things, stuff)).content)
    many = model.class_queries([f"class {i}" for i in range(14)])
    assert torch.equal(many.content[0, 12:], table[:2])  # 12 learned ones, then from the first


def test_exemplars_read_the_stride_8_level_with_its_embedding() -> None:
    model = made()
    features = features_of(1)
    regions = VisualRegions.from_points(torch.tensor([[44.0, 20.0]]), (64, 96))
    got = model.exemplar_queries(features, regions)
    cell = features.levels[2][0, :, 2, 5] + model.mask_decoder.level_embed.weight[2]
    want = model.query_init.ffn(cell)  # the centre of cell (5, 2) of stride 8 is (44, 20)
    torch.testing.assert_close(got.content[0, 0], want)
    assert got.described.tolist() == [True]


def test_the_baseline_starts_from_the_learned_table() -> None:
    model = made(initial="learned")
    features = features_of(3)
    for task, described in (("vis", True), ("vps", True), ("vss", False)):
        queries = model.task_queries(task, features, 3, ("cat",))  # type: ignore[arg-type]
        assert torch.equal(queries.content[0], model.mask_decoder.query_content.weight)
        assert torch.equal(queries.position[0], model.mask_decoder.query_position.weight)
        assert bool(queries.described.all()) == described
        assert bool(queries.described.any()) == described
    assert len(model.learned_queries(3)) == 3


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name: str) -> None:
    config = getattr(presets, name)()
    assert GvSegConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_folder_gives_the_same_model(tmp_path: Path) -> None:
    model = made(classes=("cat", "sky"))
    model.prototypes.update(torch.tensor([1]), torch.ones(1, 32))
    model.save_pretrained(tmp_path)
    loads: tuple[Callable[[Path], object], ...] = (GvSeg.from_pretrained, load_model)
    for load in loads:
        again = load(tmp_path)
        assert isinstance(again, GvSeg) and not again.training
        assert again.config == model.config
        for name, value in model.state_dict().items():
            assert torch.equal(again.state_dict()[name], value)
    bare = made(classes=())
    bare.save_pretrained(tmp_path / "bare")
    assert GvSeg.from_pretrained(tmp_path / "bare").prototypes.values.shape == (0, 32)


def test_other_kinds_are_built_and_told_apart(tmp_path: Path) -> None:
    univs = build_model(debug())
    assert isinstance(univs, UniVS) and isinstance(build_model(SMALL), GvSeg)
    univs.save_pretrained(tmp_path)
    assert isinstance(load_model(tmp_path), UniVS)
    with pytest.raises(ModelError, match=r"config\.json: config: kind 'univs' is not 'gvseg'"):
        GvSeg.from_pretrained(tmp_path)
    with pytest.raises(ModelError, match="kind 'gvseg' is not 'univs'"):
        UniVS.from_pretrained(_saved(tmp_path / "other"))


def _saved(folder: Path) -> Path:
    made().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"girds": 4}, r"config: unknown key 'girds'; the nearest known is 'grid'"),
        ({"decoder": {"kind": "mask_decoder"}}, r"config\.decoder.*use gvseg_decoder"),
        ({"descriptor": {"kind": "shape_position", "radius_range": "x"}}, "radius_range"),
        ({"initial": "random"}, r"config\.initial needs one of task, learned"),
        ({"grid": 3}, "9 cells, but decoder.queries is 12; choose a finer grid"),
        ({"samples": 0}, "samples is 0; 1 to"),
        ({"classes": ["cat", "cat"]}, "classes holds a name twice"),
        ({"pixel_decoder": {"kind": "light"}}, "pixel_decoder.hidden is 96 but decoder.hidden"),
        ({"kind": "gvsge"}, "kind 'gvsge'.*'gvseg'"),
    ],
)
def test_wrong_values_are_named(change: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        GvSegConfig.from_dict({**SMALL.to_dict(), **change})
