"""Published UniVS checkpoints: one table from their names to ours.

Mask2Former files use the same names for what both models share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ...errors import ModelError

_DECODER = "sem_seg_head.predictor."
_PIXEL = "sem_seg_head.pixel_decoder."
_ENCODER = _PIXEL + "transformer.encoder.layers.#."

# Beginning of a published name -> beginning of ours; the rest of the name stays. "#" is a number.
# The first row that fits is taken.
_TABLE: tuple[tuple[str, str], ...] = (
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
    (_DECODER + "static_query.", "mask_decoder.query_content."),  # old Mask2Former files
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
_PATTERNS = tuple(
    (re.compile(re.escape(published).replace(r"\#", r"(\d+)")), ours.replace("#", r"\g<1>"))
    for published, ours in _TABLE
)

# Of no use: an abandoned temperature, Mask2Former's closed-set classifier, a loss weight, and the
# copies of a training-time teacher.
_UNUSED = (
    _DECODER + "reid_temp.",
    _DECODER + "class_embed.",
    "criterion.empty_weight",
    _DECODER + "criterion.empty_weight",
    "backbone_t.",
    "sem_seg_head_t.",
)


@dataclass(frozen=True)
class LoadReport:
    """What became of a published state dict.

    Attributes:
        missing: our names that nothing was loaded into; they keep their random start.
        unused: published names without a place here.
        mismatched: published names whose shape differs, hence skipped. Mask2Former files of
            ResNet-50 and Swin-T/B hold 100 queries where UniVS has 200.
    """

    missing: tuple[str, ...]
    unused: tuple[str, ...]
    mismatched: tuple[str, ...]


def our_name(published: str) -> str | None:
    """Our name of a published parameter or buffer; None if it has no use here.

    Raises ModelError for a name that is in neither list.
    """
    for pattern, ours in _PATTERNS:
        if pattern.match(published):
            return pattern.sub(ours, published, count=1)
    if published.startswith(_UNUSED):
        return None
    raise ModelError(f"{published} is not a name of a UniVS or Mask2Former checkpoint.")


def load_univs_state(model: nn.Module, state: Mapping[str, Tensor]) -> LoadReport:
    """Loads a published UniVS or Mask2Former state dict into a model.

    Raises ModelError for unknown names, or when not a single tensor fits the model.
    """
    own = model.state_dict()
    fitting: dict[str, Tensor] = {}
    unused, mismatched = [], []
    for published, value in state.items():
        name = our_name(published)
        if name is None or name not in own:
            unused.append(published)
        elif own[name].shape != value.shape:
            mismatched.append(published)
        else:
            fitting[name] = value
    if not fitting:
        raise ModelError("No tensor of the checkpoint fits this model; choose its own preset.")
    model.load_state_dict(fitting, strict=False)
    missing = tuple(name for name in own if name not in fitting)
    return LoadReport(missing, tuple(unused), tuple(mismatched))


def published_state(model: nn.Module, published_names: Iterable[str]) -> dict[str, Tensor]:
    """The other direction: those of ``published_names`` that the model holds, with its tensors."""
    own = model.state_dict()
    named = ((published, our_name(published)) for published in published_names)
    return {published: own[name] for published, name in named if name is not None and name in own}
