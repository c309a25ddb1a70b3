"""Published UniVS checkpoints (Detectron2): one table from their names to ours.

All stages have the same names. Stage 3 may keep a moving average of the weights as a second copy,
``backbone_t.`` and ``sem_seg_head_t.``; the files called ``_ema`` hold it under the plain names.
Mask2Former files use the same names for what both models share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from .translation import Renaming, Translation

_DECODER = "sem_seg_head.predictor."
_PIXEL = "sem_seg_head.pixel_decoder."
_ENCODER = _PIXEL + "transformer.encoder.layers.#."

TABLE: tuple[tuple[str, str], ...] = (
    ("backbone.", "backbone."),
    (_PIXEL + "input_proj.#.0.", "pixel_decoder.input_projections.#.conv."),
    (_PIXEL + "input_proj.#.1.", "pixel_decoder.input_projections.#.norm."),
    (_PIXEL + "transformer.level_embed", "pixel_decoder.level_embed"),
    (_ENCODER + "self_attn.sampling_offsets.", "pixel_decoder.layers.#.attention.offsets."),
    (_ENCODER + "self_attn.attention_weights.", "pixel_decoder.layers.#.attention.weights."),
    (_ENCODER + "self_attn.value_proj.", "pixel_decoder.layers.#.attention.value."),
    (_ENCODER + "self_attn.output_proj.", "pixel_decoder.layers.#.attention.out."),
    (_ENCODER + "norm1.", "pixel_decoder.layers.#.norm."),
    (_ENCODER + "norm2.", "pixel_decoder.layers.#.feed_forward.norm."),
    (_ENCODER + "linear1.", "pixel_decoder.layers.#.feed_forward.expand."),
    (_ENCODER + "linear2.", "pixel_decoder.layers.#.feed_forward.contract."),
    (_PIXEL + "mask_features.", "pixel_decoder.mask_features."),
    (_PIXEL + "adapter_1.norm.", "pixel_decoder.lateral.norm."),
    (_PIXEL + "adapter_1.", "pixel_decoder.lateral.conv."),
    (_PIXEL + "layer_1.norm.", "pixel_decoder.smooth.norm."),
    (_PIXEL + "layer_1.", "pixel_decoder.smooth.conv."),
    *(
        (_DECODER + published, "mask_decoder.layers.#." + ours)
        for published, ours in (
            ("transformer_prompt_self_attention_layers.#.multihead_attn.", "proca.attention."),
            ("transformer_prompt_self_attention_layers.#.norm.", "proca.norm."),
            ("transformer_cross_attention_layers.#.multihead_attn.", "image.attention."),
            ("transformer_cross_attention_layers.#.norm.", "image.norm."),
            ("transformer_self_attention_layers.#.self_attn.", "queries.block.attention."),
            ("transformer_self_attention_layers.#.norm.", "queries.block.norm."),
            ("transformer_ffn_layers.#.linear1.", "feed_forward.expand."),
            ("transformer_ffn_layers.#.linear2.", "feed_forward.contract."),
            ("transformer_ffn_layers.#.norm.", "feed_forward.norm."),
        )
    ),
    (_DECODER + "decoder_norm.", "mask_decoder.heads.norm."),
    (_DECODER + "mask_embed.", "mask_decoder.heads.mask_embedding."),
    (_DECODER + "vis2text_projection.", "mask_decoder.heads.to_text."),
    (_DECODER + "cls_temp.weight", "mask_decoder.heads.class_temperature"),
    (_DECODER + "query_feat.", "mask_decoder.query_content."),
    (_DECODER + "query_embed.", "mask_decoder.query_position."),
    (_DECODER + "level_embed.", "mask_decoder.level_embed."),
    (_DECODER + "text_norm.", "prompt_encoder.text_norm."),
    (_DECODER + "text2vis_projection.", "prompt_encoder.text_projection."),
    (
        _DECODER + "lang2vision_cross_attention_layer.multihead_attn.",
        "prompt_encoder.text_to_image.attention.",
    ),
    (_DECODER + "lang2vision_cross_attention_layer.norm.", "prompt_encoder.text_to_image.norm."),
    (_DECODER + "prompt_sot.", "prompt_encoder.visual_task."),
    (_DECODER + "prompt_detection.", "prompt_encoder.category_task."),
    (_DECODER + "prompt_grounding.", "prompt_encoder.expression_task."),
)
UNUSED: tuple[tuple[str, str], ...] = (
    (_DECODER + "reid_temp.", "a temperature that the release does not use"),
    ("criterion.empty_weight", "a weight of the training loss"),
    (_DECODER + "criterion.empty_weight", "a weight of the training loss"),
    ("pixel_mean", "the normalisation, which is part of the configuration"),
    ("pixel_std", "the normalisation, which is part of the configuration"),
)
NAMES = Renaming(TABLE, UNUSED)
_TWINS = {"backbone_t.": "backbone.", "sem_seg_head_t.": "sem_seg_head."}


def has_average(names: Iterable[str]) -> bool:
    """Whether a file holds the moving average of its weights as a second copy."""
    return any(name.startswith(tuple(_TWINS)) for name in names)


def translate(tensors: Mapping[str, Tensor], *, averaged: bool = True) -> Translation:
    """A published state dict under our names.

    ``averaged`` says which copy is taken where a file holds two, the moving average or the weights
    that training stepped. A tensor that only one copy holds, such as a frozen one, is taken from
    there.
    """
    twins = {_plain(name): name for name in tensors if has_average((name,))}
    plain = [name for name in tensors if not has_average((name,))]
    taken = {name: name for name in plain}
    for name, twin in twins.items():
        if averaged or name not in taken:
            taken[name] = twin
    out = NAMES.translate({name: tensors[source] for name, source in taken.items()})
    out.unused = {taken[name]: why for name, why in out.unused.items()}
    out.unknown = [taken[name] for name in out.unknown]
    passed = set(tensors) - set(taken.values())
    reason = "the stepped weight" if averaged else "the moving average"
    out.unused |= dict.fromkeys(sorted(passed), f"{reason}; the other copy is taken")
    return out


def _plain(name: str) -> str:
    """Name of a moving average without its mark."""
    for twin, plain in _TWINS.items():
        if name.startswith(twin):
            return plain + name.removeprefix(twin)
    return name
