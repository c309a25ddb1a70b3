"""Published UniVS checkpoints: one table from their names to ours.

Mask2Former files use the same names for what both models share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ...errors import ModelError

# Pattern of a published name -> replacement. The first that matches is taken.
_TABLE: tuple[tuple[str, str], ...] = tuple(
    (f"^{published}$", ours)
    for published, ours in (
        (r"backbone\.(.+)", r"backbone.\1"),
        (r"P\.input_proj\.(\d)\.0\.(.+)", r"pixel_decoder.input_projections.\1.conv.\2"),
        (r"P\.input_proj\.(\d)\.1\.(.+)", r"pixel_decoder.input_projections.\1.norm.\2"),
        (r"P\.transformer\.level_embed", r"pixel_decoder.level_embed"),
        (r"L\.(\d+)\.self_attn\.sampling_offsets\.(.+)", r"pixel_decoder.layers.\1.attention.offsets.\2"),
        (r"L\.(\d+)\.self_attn\.attention_weights\.(.+)", r"pixel_decoder.layers.\1.attention.weights.\2"),
        (r"L\.(\d+)\.self_attn\.value_proj\.(.+)", r"pixel_decoder.layers.\1.attention.value.\2"),
        (r"L\.(\d+)\.self_attn\.output_proj\.(.+)", r"pixel_decoder.layers.\1.attention.out.\2"),
        (r"L\.(\d+)\.norm1\.(.+)", r"pixel_decoder.layers.\1.norm.\2"),
        (r"L\.(\d+)\.norm2\.(.+)", r"pixel_decoder.layers.\1.feed_forward.norm.\2"),
        (r"L\.(\d+)\.linear1\.(.+)", r"pixel_decoder.layers.\1.feed_forward.expand.\2"),
        (r"L\.(\d+)\.linear2\.(.+)", r"pixel_decoder.layers.\1.feed_forward.contract.\2"),
        (r"P\.mask_features\.(.+)", r"pixel_decoder.mask_features.\1"),
        (r"P\.adapter_1\.weight", r"pixel_decoder.lateral.conv.weight"),
        (r"P\.adapter_1\.norm\.(.+)", r"pixel_decoder.lateral.norm.\1"),
        (r"P\.layer_1\.weight", r"pixel_decoder.smooth.conv.weight"),
        (r"P\.layer_1\.norm\.(.+)", r"pixel_decoder.smooth.norm.\1"),
        (r"D\.transformer_prompt_self_attention_layers\.(\d+)\.multihead_attn\.(.+)",
         r"mask_decoder.layers.\1.proca.attention.\2"),
        (r"D\.transformer_prompt_self_attention_layers\.(\d+)\.norm\.(.+)",
         r"mask_decoder.layers.\1.proca.norm.\2"),
        (r"D\.transformer_cross_attention_layers\.(\d+)\.multihead_attn\.(.+)",
         r"mask_decoder.layers.\1.image.attention.\2"),
        (r"D\.transformer_cross_attention_layers\.(\d+)\.norm\.(.+)",
         r"mask_decoder.layers.\1.image.norm.\2"),
        (r"D\.transformer_self_attention_layers\.(\d+)\.self_attn\.(.+)",
         r"mask_decoder.layers.\1.queries.block.attention.\2"),
        (r"D\.transformer_self_attention_layers\.(\d+)\.norm\.(.+)",
         r"mask_decoder.layers.\1.queries.block.norm.\2"),
        (r"D\.transformer_ffn_layers\.(\d+)\.linear1\.(.+)",
         r"mask_decoder.layers.\1.feed_forward.expand.\2"),
        (r"D\.transformer_ffn_layers\.(\d+)\.linear2\.(.+)",
         r"mask_decoder.layers.\1.feed_forward.contract.\2"),
        (r"D\.transformer_ffn_layers\.(\d+)\.norm\.(.+)",
         r"mask_decoder.layers.\1.feed_forward.norm.\2"),
        (r"D\.decoder_norm\.(.+)", r"mask_decoder.heads.norm.\1"),
        (r"D\.mask_embed\.layers\.(.+)", r"mask_decoder.heads.mask_embedding.layers.\1"),
        (r"D\.vis2text_projection\.(.+)", r"mask_decoder.heads.to_text.\1"),
        (r"D\.cls_temp\.weight", r"mask_decoder.heads.class_temperature"),
        (r"D\.query_feat\.weight", r"mask_decoder.query_content.weight"),
        (r"D\.static_query\.weight", r"mask_decoder.query_content.weight"),
        (r"D\.query_embed\.weight", r"mask_decoder.query_position.weight"),
        (r"D\.level_embed\.weight", r"mask_decoder.level_embed.weight"),
        (r"D\.text_norm\.(.+)", r"prompt_encoder.text_norm.\1"),
        (r"D\.text2vis_projection\.(.+)", r"prompt_encoder.text_projection.\1"),
        (r"D\.lang2vision_cross_attention_layer\.multihead_attn\.(.+)",
         r"prompt_encoder.text_to_image.attention.\1"),
        (r"D\.lang2vision_cross_attention_layer\.norm\.(.+)",
         r"prompt_encoder.text_to_image.norm.\1"),
        (r"D\.prompt_sot\.weight", r"prompt_encoder.visual_task.weight"),
        (r"D\.prompt_detection\.weight", r"prompt_encoder.category_task.weight"),
        (r"D\.prompt_grounding\.weight", r"prompt_encoder.expression_task.weight"),
    )
)  # fmt: skip
_SHORT = (
    ("sem_seg_head.pixel_decoder.transformer.encoder.layers.", "L."),
    ("sem_seg_head.pixel_decoder.", "P."),
    ("sem_seg_head.predictor.", "D."),
)
# Present in the files, used by nothing: an abandoned temperature, Mask2Former's closed-set
# classifier, and a loss weight.
_UNUSED = (r"^D\.reid_temp\.weight$", r"^D\.class_embed\.", r"^criterion\.empty_weight$")


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

    Raises ModelError for a name that no row of the table knows.
    """
    short = published
    for prefix, letter in _SHORT:
        if published.startswith(prefix):
            short = letter + published[len(prefix) :]
            break
    for pattern, ours in _TABLE:
        if re.match(pattern, short):
            return re.sub(pattern, ours, short)
    if any(re.match(pattern, short) for pattern in _UNUSED):
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


def published_state(
    model: nn.Module, published_names: Mapping[str, object] | list[str]
) -> dict[str, Tensor]:
    """The other direction: tensors of ``model`` under those published names that it holds."""
    own = model.state_dict()
    named = ((published, our_name(published)) for published in published_names)
    return {published: own[name] for published, name in named if name in own}
