"""Every number of the five reference decoder cases."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vidseg.models.decoder.config import Separation
from vidseg.models.decoder.heads import time_mean_cosine
from vidseg.models.decoder.predictor import attention_allowed

from ...parity import DIFFERING_SHARE, report_difference
from ..decoder_cases import (
    TOKENS,
    allowed_fraction,
    case_features,
    case_prompts,
    first_tokens,
    run,
    second_pool,
)
from ..golden_model import Golden, golden_model

CASES = (
    "case_learnable",
    "case_visual_clip0",
    "case_visual_clip1",
    "case_text_grounding",
    "case_text_category",
)
SIZES = ((3, 4), (6, 8), (12, 16))


@pytest.fixture
def exact(golden: Golden) -> Golden:
    """The reference numbers in double precision.

    Cells where a mask is below one half are closed to its query in the next layer. A tie there
    moves numbers by 1e-2, so what is compared must not depend on how a processor rounds.
    """

    def load(name: str) -> dict[str, Tensor]:
        return {k: v.double() if v.is_floating_point() else v for k, v in golden(name).items()}

    return load


def in_fixed_order(content: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens and positions [Q, slots R, N, C], each group of R sorted by the first channel.

    The reference shuffles an object of exactly R cells; the sampler lists it in scan order.
    """
    groups, places = (x.unflatten(1, (-1, TOKENS)) for x in (content, position))
    order = groups[..., :1].argsort(dim=2).expand_as(groups)
    return groups.gather(2, order), places.gather(2, order)


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_layers_and_heads(golden: Golden, exact: Golden, case: str) -> None:
    want, model = exact(case), golden_model(golden).double()
    trace = run(exact, model, case)
    compared = set()
    for name, got in trace.layers.items():
        if name in want:
            report_difference(f"{case} {name}", got, want[name])
            compared.add(name)
    for i, prediction in enumerate((*trace.output.auxiliary, trace.output.final)):
        shares = allowed_fraction(prediction.mask_logits, SIZES[i % 3], heads=4)
        for name, got in (
            (f"head{i}_masks", prediction.mask_logits),
            (f"head{i}_logits", prediction.class_logits),
            (f"aux{i}_embds", prediction.embeddings),
            (f"head{i}_attn_allowed_frac", shares),
        ):
            if name in want:
                assert got is not None
                report_difference(f"{case} {name}", got, want[name])
                compared.add(name)
    final = trace.output.final.embeddings
    report_difference(f"{case} pred_embds", final, want["pred_embds"])
    if "grounding_sim" in want:
        similarity = time_mean_cosine(final, final[:, trace.output.final.learnable :])
        report_difference(f"{case} grounding_sim", similarity, want["grounding_sim"])
    compared |= {"pred_embds", "grounding_sim"}
    elsewhere = ("self_attn_mask", "prompt_", "sampled_idx", "memory_", "pos_")
    left = {name for name in want if name not in compared and not name.startswith(elsewhere)}
    assert not left, f"reference numbers that nothing was compared with: {left}"


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_masks_at_level_size_give_the_same_answer(golden: Golden, exact: Golden, case: str) -> None:
    want, model = exact(case), golden_model(golden).double()
    final = run(exact, model, case, auxiliary=False).output.final
    report_difference(f"{case} head4_masks", final.mask_logits, want["head4_masks"])
    report_difference(f"{case} pred_embds", final.embeddings, want["pred_embds"])


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_single_precision_is_double_precision_rounded(
    golden: Golden, exact: Golden, case: str
) -> None:
    model = golden_model(golden)
    single = run(golden, model, case).output
    double = run(exact, model.double(), case).output
    open_cells = [
        [attention_allowed(p.mask_logits, SIZES[i % 3]) for i, p in enumerate(output.auxiliary)]
        for output in (single, double)
    ]
    turned = sum(int((a != b).sum()) for a, b in zip(*open_cells, strict=True))
    total = sum(cells.numel() for cells in open_cells[0])
    print(f"{case}: {turned} of {total} cells are ties that single precision breaks otherwise")
    assert turned <= DIFFERING_SHARE * total
    limit = 0.1 if turned else 1e-4
    for name in ("mask_logits", "embeddings"):
        got, want = (getattr(output.final, name) for output in (single, double))
        report_difference(f"{case} {name}", got, want, limit)


@pytest.mark.parametrize("case", CASES[1:])
@torch.inference_mode()
def test_prompts(golden: Golden, case: str) -> None:
    want, model = golden(case), golden_model(golden)
    prompts = case_prompts(golden, model, case)
    assert prompts is not None
    report_difference(f"{case} initial query", prompts.query[0], want["prompt_init_query"])
    if prompts.token_position is None or prompts.query_position is None:
        report_difference(f"{case} tokens", prompts.tokens[0], want["prompt_tokens"])
    else:
        got_tokens = in_fixed_order(prompts.tokens[0], prompts.token_position[0])
        want_tokens = in_fixed_order(want["prompt_tokens"], want["prompt_tokens_pos"])
        report_difference(
            f"{case} query position", prompts.query_position[0], want["prompt_query_pos"]
        )
        for name, got, wanted in zip(("", " positions"), got_tokens, want_tokens, strict=True):
            report_difference(f"{case} tokens{name}", got, wanted)


@torch.inference_mode()
def test_image_memory(golden: Golden) -> None:
    want, model = golden("case_learnable"), golden_model(golden)
    scene = model.mask_decoder.scene(*case_features(golden, "case_learnable"))
    for i in range(3):
        report_difference(f"pos_{i}", scene.positions[i].transpose(0, 1), want[f"pos_{i}"])


@torch.inference_mode()
def test_pool_of_second_clip(golden: Golden) -> None:
    want, model = golden("case_visual_clip1"), golden_model(golden)
    slots, position = second_pool(golden, model)
    got_pool = in_fixed_order(slots.permute(1, 2, 0, 3), position.permute(1, 2, 0, 3))
    want_pool = in_fixed_order(want["memory_prompt_feats"], want["memory_prompt_pe"])
    report_difference("pool", got_pool[0], want_pool[0])
    report_difference("pool position", got_pool[1], want_pool[1])
    assert len(first_tokens(golden, model)[0]) == 2


def separation_mask(learnable: int, prompts: int, frames: int, separation: Separation) -> Tensor:
    """What separated self-attention amounts to: bool [(Q_l + Q_p) T, same], True = blocked.

    Token q · T + t.
    """
    query = torch.arange(learnable + prompts).repeat_interleave(frames)
    is_prompt = query >= learnable
    if separation == "none":
        return torch.zeros(len(query), len(query), dtype=torch.bool)
    if separation == "sep-learnable":
        return ~is_prompt[:, None] & is_prompt[None]
    blocked = is_prompt[:, None] != is_prompt[None]
    if separation == "sep-entity":
        blocked |= is_prompt[:, None] & (query[:, None] != query[None])
    return blocked


@pytest.mark.parametrize("case", CASES)
def test_separation(golden: Golden, case: str) -> None:
    want = golden(case)["self_attn_mask"].bool()
    kind = "sep-entity" if case == "case_text_grounding" else "sep"
    prompts = len(want) // 3 - 12
    assert torch.equal(separation_mask(12, prompts, 3, kind), want)
