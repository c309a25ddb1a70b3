"""The five reference decoder cases: what goes in, and what every layer gave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vidseg.models.decoder.predictor import attention_allowed
from vidseg.models.decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.prompts.visual_sampler import Uniform
from vidseg.models.univs.model import UniVS

from .golden_model import Golden, class_embeddings, golden_features

FIRST_FRAME = {"case_visual_clip1": 1}
TOKENS = 16


@dataclass(eq=False)
class Trace:
    """Outputs of every layer of one run, learnable and prompt queries joined."""

    output: DecoderOutput
    layers: dict[str, Tensor] = field(default_factory=dict)


def case_features(golden: Golden, case: str) -> tuple[FrameFeatures, Tensor]:
    first = FIRST_FRAME.get(case, 0)
    features = golden_features(golden, slice(first, first + 3))
    return features, torch.arange(first, first + 3)[None]


def case_prompts(golden: Golden, model: UniVS, case: str) -> PromptQueries | None:
    features, _ = case_features(golden, case)
    if case == "case_text_grounding":
        inputs = golden("inputs")
        sentence, words = inputs["exp_sentence_feats"], inputs["exp_word_feats"]
        text = torch.cat((sentence[:, None], words), dim=1)[None]
        return model.text_queries(features, text, "expression")
    if case == "case_text_category":
        names = class_embeddings(golden)[2268 - 2203 : 2276 - 2203]
        return model.text_queries(features, names[None, :, None], "category")
    if case == "case_visual_clip0":
        content, position = first_tokens(golden, model)
        slots, slot_position = (x[None].expand(3, -1, -1, -1) for x in (content, position))
        return from_pool(model, slots, slot_position, memory=3)
    if case == "case_visual_clip1":
        slots, slot_position = second_pool(golden, model)
        return from_pool(model, slots, slot_position, memory=5)
    return None


def first_tokens(golden: Golden, model: UniVS) -> tuple[Tensor, Tensor]:
    """Tokens [2, R, C] of objects 0, 1 from their masks in frame 0."""
    want = golden("case_visual_clip0")["sampled_idx_call0"]
    return sample(golden, model, frame=0, indices=want)


def second_pool(golden: Golden, model: UniVS) -> tuple[Tensor, Tensor]:
    """Pool [4, 2, R, C] for the second clip: frame 0 in slots 0..2, then frames 1, 2 written."""
    content, position = first_tokens(golden, model)
    slots, slot_position = (
        torch.cat((x[None].expand(3, -1, -1, -1), torch.zeros_like(x)[None]))
        for x in (content, position)
    )
    for call, frame in enumerate((1, 2)):
        want = golden("case_visual_clip1")[f"sampled_idx_call{call}"]
        content, position = sample(golden, model, frame=frame, indices=want)
        slots[frame:], slot_position[frame:] = content, position
    return slots, slot_position


def sample(golden: Golden, model: UniVS, frame: int, indices: Tensor) -> tuple[Tensor, Tensor]:
    masks = golden("inputs")["masks_uint8"][:2, frame].bool()
    tokens = model.encode_visual(
        golden_features(golden, slice(frame, frame + 1)),
        frame,
        VisualRegions.from_masks(masks),
        tokens=TOKENS,
        random=drawing(indices),
    )
    return tokens.content, tokens.position


def drawing(indices: Tensor) -> Uniform:
    """Random numbers that make the sampler take exactly these cells, in this order."""

    def uniform(shape: tuple[int, ...]) -> Tensor:
        keys = torch.ones(shape)
        ranks = torch.arange(indices.shape[1]).expand_as(indices) / 1000
        return keys.scatter(1, indices, ranks)

    return uniform


def from_pool(model: UniVS, slots: Tensor, position: Tensor, memory: int) -> PromptQueries:
    """Prompt queries of one clip of three frames from slots [N, Q, R, C], first seen in slot 0."""
    pools = (torch.cat((x[:1], x[-min(memory, len(x)) :])) for x in (slots, position))
    tokens, token_position = (
        pool.transpose(0, 1).flatten(1, 2)[None, :, :, None] for pool in pools
    )
    return model.visual_queries(
        tokens.expand(-1, -1, -1, 3, -1),
        token_position.expand(-1, -1, -1, 3, -1),
        slots[-3:].transpose(0, 1)[None],
        position[-3:].transpose(0, 1)[None],
    )


def run(golden: Golden, model: UniVS, case: str, *, auxiliary: bool = True) -> Trace:
    """Decodes a case, recording what every part of every layer gave."""
    features, indices = case_features(golden, case)
    prompts = case_prompts(golden, model, case)
    classes = class_embeddings(golden)
    if case == "case_text_grounding":
        classes = golden("inputs")["exp_sentence_feats"]
    parts: dict[str, list[Tensor]] = defaultdict(list)
    handles = []
    for i, layer in enumerate(model.mask_decoder.layers):
        for name, module in (
            (f"proca{i}", layer.proca),
            (f"layer{i}_after_ca", layer.image),
            (f"layer{i}_after_sa", layer.queries.block),
            (f"layer{i}_after_ffn", layer.feed_forward),
        ):
            record = parts[name].append
            handles.append(module.register_forward_hook(lambda m, a, out, keep=record: keep(out)))
    output = model.decode(features, indices, prompts, classes, auxiliary=auxiliary)
    for handle in handles:
        handle.remove()
    trace = Trace(output)
    learnable = model.config.decoder.queries
    for name, outs in parts.items():
        if name.startswith("proca"):
            asked = [out.reshape(-1, 3, out.shape[-1]) for out in outs]
            own = trace.layers.get(f"layer{int(name[5:]) - 1}_after_ffn", None)
            start = model.mask_decoder.query_content.weight[:, None].expand(-1, 3, -1)
            trace.layers[f"{name}_out"] = torch.cat(
                [start if own is None else own[:learnable], *asked]
            )
        elif name.endswith("_ca"):
            trace.layers[name] = torch.cat([out.transpose(0, 1) for out in outs])
        elif name.endswith("_sa"):
            trace.layers[name] = torch.cat([out.flatten(0, 1) for out in outs])[:, None]
        else:
            trace.layers[name] = torch.cat([out[0] for out in outs])
    return trace


def allowed_fraction(mask_logits: Tensor, size: tuple[int, int], heads: int) -> Tensor:
    """Part of the cells that each query may look at, [T heads, Q] as in the reference."""
    allowed = attention_allowed(mask_logits, size)[:, 0].float().mean(-1)
    return allowed.repeat_interleave(heads, dim=0)
