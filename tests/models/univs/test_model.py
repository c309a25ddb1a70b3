"""The model as a whole: batches, independence of the streams, ablations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from vidseg.models.decoder.config import Separation, TemporalEncoding
from vidseg.models.decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries
from vidseg.models.presets import debug
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.univs.model import UniVS

from ...parity import report_difference

B, T, R, H, W = 2, 3, 8, 64, 96
CLASSES = torch.linspace(-1, 1, 5 * 64).reshape(5, 64).sin().double()
INDICES = torch.tensor([[0, 1, 2], [40, 41, 44]])


def model_with(**decoder: Any) -> UniVS:
    torch.manual_seed(0)
    config = debug()
    model = UniVS(replace(config, decoder=replace(config.decoder, **decoder)))
    for name, parameter in model.named_parameters():
        if name.startswith(("mask_decoder", "prompt_encoder")) and parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.1)  # or all would be near zero
    return model.eval().double()  # so that no cell that a query may look at ties, see parity.py


def clip_features(model: UniVS) -> FrameFeatures:
    torch.manual_seed(1)
    with torch.no_grad():
        return model.encode_frames(torch.randn(B * T, 3, H, W).double())


def visual(model: UniVS, features: FrameFeatures, clips: slice = slice(0, B)) -> PromptQueries:
    """Two prompts a clip, from its first frame, the same tokens in all frames."""
    content, position = [], []
    for b in range(B)[clips]:
        masks = torch.zeros(2, H, W).double()
        masks[0, 8:40, 8 + 8 * b : 48] = 1
        masks[1, 32:64, 56:80] = 1
        tokens = model.encode_visual(
            features[b * T : b * T + 1],
            INDICES[b, 0],
            VisualRegions.from_masks(masks),
            tokens=R,
            random=torch.Generator().manual_seed(b),
        )
        content.append(tokens.content)
        position.append(tokens.position)
    stacked = torch.stack(content), torch.stack(position)
    wide = (x[:, :, :, None].expand(-1, -1, -1, T, -1) for x in stacked)
    slots = (x[:, :, None].expand(-1, -1, T, -1, -1) for x in stacked)
    return model.visual_queries(*wide, *slots)


def largest(a: DecoderOutput, b: DecoderOutput, rows: slice) -> float:
    assert a.final.class_logits is not None and b.final.class_logits is not None
    pairs = (
        (a.final.mask_logits, b.final.mask_logits),
        (a.final.embeddings, b.final.embeddings),
        (a.final.class_logits, b.final.class_logits),
    )
    return max(float((x[:, rows] - y[:, rows]).abs().max()) for x, y in pairs)


@torch.inference_mode()
@pytest.mark.parametrize("separation", ["sep", "sep-entity", "sep-learnable", "none"])
@pytest.mark.parametrize("as_queries", [True, False])
def test_a_batch_of_two_equals_two_runs(separation: str, as_queries: bool) -> None:
    model = model_with(separation=separation, prompts_as_queries=as_queries)
    features = clip_features(model)
    both = model.decode(features, INDICES, visual(model, features), CLASSES).final
    for b in range(B):
        own = features[b * T : (b + 1) * T]
        prompts = visual(model, features, slice(b, b + 1))
        one = model.decode(own, INDICES[b : b + 1], prompts, CLASSES).final
        report_difference("masks", both.mask_logits[b : b + 1], one.mask_logits, 1e-4)
        report_difference("embeddings", both.embeddings[b : b + 1], one.embeddings, 1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("separation", ["sep", "sep-entity", "sep-learnable"])
def test_learnable_answers_never_depend_on_prompts(separation: str) -> None:
    model = model_with(separation=separation)
    features = clip_features(model)
    alone = model.decode(features, INDICES, None, CLASSES)
    asked = model.decode(features, INDICES, visual(model, features), CLASSES)
    assert alone.final.learnable == asked.final.learnable == 12
    assert largest(alone, asked, slice(0, 12)) < 1e-9


@torch.inference_mode()
def test_prompt_answers_do_not_need_learnable_queries() -> None:
    model = model_with()
    features = clip_features(model)
    prompts = visual(model, features)
    full = model.decode(features, INDICES, prompts, CLASSES)
    lean = model.decode(features, INDICES, prompts, CLASSES, learnable=False)
    assert lean.final.learnable == 0
    report_difference("masks", lean.final.mask_logits, full.final.mask_logits[:, 12:], 1e-9)


@torch.inference_mode()
def test_separation_changes_prompts() -> None:
    model = model_with()
    features = clip_features(model)
    prompts = visual(model, features)
    runs = [
        model.decode(features, INDICES, prompts, CLASSES, separation=kind)
        for kind in ("sep", "sep-entity", "sep-learnable", "none")
    ]
    for i, a in enumerate(runs):
        for b in runs[i + 1 :]:
            assert largest(a, b, slice(12, None)) > 1e-3
    assert largest(runs[0], runs[3], slice(0, 12)) > 1e-3  # only "none" lets prompts through


@torch.inference_mode()
def test_time_by_the_place_in_the_clip_as_asked() -> None:
    """FixedT: an override gives what a model with that encoding gives, tokens and answers.

    The answers of learnable queries are the same with both: a shift of all keys of a frame cancels.
    """
    fixed, model = model_with(temporal_encoding="clip"), model_with()
    ways: list[tuple[UniVS, TemporalEncoding | None]] = [
        (model, "clip"), (fixed, None), (model, None)
    ]  # fmt: skip
    features = clip_features(model)
    asked = model.decode(features, INDICES, None, CLASSES, temporal_encoding="clip")
    assert largest(asked, fixed.decode(features, INDICES, None, CLASSES), slice(None)) == 0
    positions = [
        m.mask_decoder.scene(features, INDICES, asked_for).positions[2] for m, asked_for in ways
    ]
    assert torch.equal(positions[0], positions[1])
    assert not torch.equal(positions[0], positions[2])
    turn = 2 * torch.pi * torch.arange(1.0, T + 1) / (T + 1e-6)
    space = model.mask_decoder.cell_positions((H // 8, W // 8), turn)
    assert torch.allclose(positions[0][:T], space.flatten(1, 2).double(), atol=1e-5)
    regions = VisualRegions.from_masks(torch.ones(1, H, W).double())
    one = features[:1]
    tokens = [
        m.encode_visual(one, 7, regions, tokens=200, clip_slot=(2, 5), temporal_encoding=asked_for)
        for m, asked_for in ways
    ]
    assert torch.equal(tokens[0].position, tokens[1].position)
    assert not torch.equal(tokens[0].position, tokens[2].position)


@torch.inference_mode()
def test_entity_wise_prompts_ignore_each_other() -> None:
    model = model_with(separation="sep-entity")
    features = clip_features(model)
    prompts = visual(model, features)
    second = PromptQueries(
        "visual",
        prompts.query[:, 1:],
        None if prompts.query_position is None else prompts.query_position[:, 1:],
        prompts.tokens[:, 1:],
        None if prompts.token_position is None else prompts.token_position[:, 1:],
    )
    both = model.decode(features, INDICES, prompts).final
    one = model.decode(features, INDICES, second).final
    report_difference("masks", both.mask_logits[:, 13:], one.mask_logits[:, 12:], 1e-4)


@torch.inference_mode()
def test_prompts_that_see_learnable_queries_and_no_other_prompt() -> None:
    """Supplement Table 4 a3: as entity-wise, with the learnable queries in sight."""
    model = model_with(separation="sep-entity-learnable")
    features = clip_features(model)
    prompts = visual(model, features)
    assert prompts.query_position is not None and prompts.token_position is not None
    second = PromptQueries(
        "visual",
        prompts.query[:, 1:],
        prompts.query_position[:, 1:],
        prompts.tokens[:, 1:],
        prompts.token_position[:, 1:],
    )
    both = model.decode(features, INDICES, prompts, learnable=False).final
    one = model.decode(features, INDICES, second).final
    assert both.learnable == 12, "prompts depend on learnable queries, so these take part"
    report_difference("masks", both.mask_logits[:, 13:], one.mask_logits[:, 12:], 1e-9)
    alone = model.decode(features, INDICES, second, separation="sep-entity").final
    assert float((one.mask_logits - alone.mask_logits)[:, 12:].abs().max()) > 1e-3


@torch.inference_mode()
def test_expressions_are_overridden_in_sight_and_average() -> None:
    """Without an override they never see each other; the average is asked for or not."""
    model = model_with()
    features = clip_features(model)
    words = torch.randn(B, 3, 6, 64).double()
    prompts = model.text_queries(features, words, "expression")
    ways: list[tuple[Separation | None, bool | None]] = [
        (None, None), ("sep-entity", True), ("sep", True), (None, False)
    ]  # fmt: skip
    masks = {
        (kind, average): model.decode(
            features, INDICES, prompts, separation=kind, grounding_average=average
        ).final.mask_logits[:, 12:]
        for kind, average in ways
    }
    assert torch.equal(masks[None, None], masks["sep-entity", True])
    for other in ways[2:]:
        assert float((masks[None, None] - masks[other]).abs().max()) > 1e-3


@torch.inference_mode()
def test_proca_switch() -> None:
    without = model_with(proca=False)
    assert not any("proca" in name for name in without.state_dict())
    features = clip_features(without)
    prompts = visual(without, features)
    other = replace(prompts, tokens=torch.randn_like(prompts.tokens))
    a, b = (without.decode(features, INDICES, p, CLASSES) for p in (prompts, other))
    assert largest(a, b, slice(None)) == 0
    reading = model_with()
    a, b = (reading.decode(features, INDICES, p, CLASSES) for p in (prompts, other))
    assert largest(a, b, slice(12, None)) > 1e-3


@torch.inference_mode()
def test_without_prompts_as_queries_a_learnable_query_answers() -> None:
    model = model_with(prompts_as_queries=False)
    features = clip_features(model)
    output = model.decode(features, INDICES, visual(model, features), CLASSES).final
    assert output.learnable == 12 and output.mask_logits.shape[1] == 14
    for b in range(B):
        for row in (12, 13):
            same = (output.mask_logits[b, :12] == output.mask_logits[b, row]).flatten(1).all(1)
            assert int(same.sum()) == 1
    alone = model.decode(features, INDICES, None, CLASSES).final
    assert not torch.equal(alone.mask_logits, output.mask_logits[:, :12])


@torch.inference_mode()
def test_tokens_shared_by_all_frames_may_be_given_once() -> None:
    model = model_with()
    features = clip_features(model)
    wide = visual(model, features)
    assert wide.token_position is not None
    narrow = replace(
        wide, tokens=wide.tokens[:, :, :, :1], token_position=wide.token_position[:, :, :, :1]
    )
    a, b = (model.decode(features, INDICES, p, CLASSES) for p in (wide, narrow))
    assert largest(a, b, slice(None)) < 1e-4


@torch.inference_mode()
def test_expressions_average_with_a_learnable_query() -> None:
    words = torch.randn(B, 3, 6, 64).double()
    outputs = []
    for average in (True, False):
        model = model_with(grounding_average=average)
        features = clip_features(model)
        prompts = model.text_queries(features, words, "expression")
        assert prompts.tokens.shape == (B, 3, 6, T, 32)
        output = model.decode(features, INDICES, prompts, learnable=False).final
        assert output.learnable == (12 if average else 0)
        outputs.append(output.mask_logits[:, -3:])
    assert not torch.equal(*outputs)


@torch.inference_mode()
def test_no_prompt_at_all_is_a_prompt_list_of_length_zero() -> None:
    model = model_with()
    features = clip_features(model)
    prompts = model.text_queries(features, torch.zeros(B, 0, 1, 64).double(), "category")
    output = model.decode(features, INDICES, prompts, CLASSES)
    assert largest(output, model.decode(features, INDICES, None, CLASSES), slice(None)) == 0


def test_clip_encoding_does_not_know_the_index() -> None:
    model = model_with(temporal_encoding="clip")
    features = clip_features(model)
    with torch.inference_mode():
        a, b = (model.decode(features, INDICES + shift, None, CLASSES) for shift in (0, 1000))
    assert largest(a, b, slice(None)) == 0


def test_training_gives_auxiliary_predictions_and_gradients() -> None:
    model = model_with().train()
    features = model.encode_frames(torch.randn(B * T, 3, H, W).double())
    prompts = visual(model, features)
    output = model.decode(features, INDICES, prompts, CLASSES)
    assert len(output.auxiliary) == model.config.decoder.layers
    predictions = (*output.auxiliary, output.final)
    loss = sum(p.mask_logits.square().mean() + p.class_logits.sum() for p in predictions)  # type: ignore[union-attr]
    loss.backward()  # type: ignore[union-attr]
    text = ("text_", "category_task", "expression_task")
    idle = {
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None and not name.removeprefix("prompt_encoder.").startswith(text)
    }
    assert not idle


@torch.inference_mode()
def test_mask_embeddings_are_shuffled_over_time_in_training_only() -> None:
    model = model_with().train()
    features = clip_features(model)
    orders = {tuple(model_order(model, features)) for _ in range(20)}
    assert len(orders) > 1
    assert model_order(model.eval(), features) == [0, 1, 2]


def model_order(model: UniVS, features: FrameFeatures) -> list[int]:
    """Which frame's embedding made the final mask of each frame."""
    final = model.decode(features, INDICES).final
    mask_features = features.mask_features.unflatten(0, (B, T))
    order = []
    for t in range(T):
        each = (
            model.mask_decoder.heads.mask_logits(
                final.embeddings[:, :, s : s + 1], mask_features[:, t : t + 1]
            )
            for s in range(T)
        )
        gaps = [float((final.mask_logits[:, :, t : t + 1] - logits).abs().max()) for logits in each]
        order.append(gaps.index(min(gaps)))
    return order
