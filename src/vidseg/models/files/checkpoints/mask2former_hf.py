"""``Mask2FormerForUniversalSegmentation`` of Hugging Face transformers, since 4.25.

Query, key and value are kept apart there. Names of the Swin inside differ between the files and
the modules of version 5; both are known.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .mask2former import CLASSIFIER
from .translation import Renaming, Translation

_PIXEL = "pixel_level_module.decoder."
_ENCODER, _OURS = _PIXEL + "encoder.layers.#.", "pixel_decoder.layers.#."
_DECODER = "transformer_module.decoder."
_LAYER, _OUR_LAYER = _DECODER + "layers.#.", "mask_decoder.layers.#."
_BACKBONE = "pixel_level_module.encoder."
_BLOCK, _OUR_BLOCK = "encoder.layers.#.blocks.#.", "layers.#.blocks.#."
_QKV = tuple(enumerate("qkv"))
_WORDS = tuple(enumerate(("query", "key", "value")))

_SWIN = (
    ("embeddings.patch_embeddings.projection.", "patch_embed.proj."),
    ("embeddings.norm.", "patch_embed.norm."),
    (_BLOCK + "layernorm_before.", _OUR_BLOCK + "norm1."),
    (_BLOCK + "layernorm_after.", _OUR_BLOCK + "norm2."),
    (_BLOCK + "attention.self.relative_position_", _OUR_BLOCK + "attn.relative_position_"),
    (
        _BLOCK + "attention.relative_position_bias.relative_position_",
        _OUR_BLOCK + "attn.relative_position_",
    ),
    *((_BLOCK + f"attention.self.{w}.", _OUR_BLOCK + f"attn.qkv.|{i}") for i, w in _WORDS),
    *((_BLOCK + f"attention.{c}_proj.", _OUR_BLOCK + f"attn.qkv.|{i}") for i, c in _QKV),
    (_BLOCK + "attention.output.dense.", _OUR_BLOCK + "attn.proj."),
    (_BLOCK + "attention.o_proj.", _OUR_BLOCK + "attn.proj."),
    (_BLOCK + "intermediate.dense.", _OUR_BLOCK + "mlp.fc1."),
    (_BLOCK + "output.dense.", _OUR_BLOCK + "mlp.fc2."),
    (_BLOCK + "mlp.", _OUR_BLOCK + "mlp."),
    ("encoder.layers.#.downsample.", "layers.#.downsample."),
    *((f"hidden_states_norms.stage{i + 1}.", f"norm{i}.") for i in range(4)),
    ("hidden_states_norms.#.", "norm#."),
)
_RESNET = (
    ("embedder.embedder.convolution.", "stem.conv1."),
    ("embedder.embedder.normalization.", "stem.conv1.norm."),
    *(
        (f"encoder.stages.{stage}.layers.#.{theirs}", f"res{stage + 2}.#.{ours}")
        for stage in range(4)
        for theirs, ours in (
            ("shortcut.convolution.", "shortcut."),
            ("shortcut.normalization.", "shortcut.norm."),
            *((f"layer.{i}.convolution.", f"conv{i + 1}.") for i in range(3)),
            *((f"layer.{i}.normalization.", f"conv{i + 1}.norm.") for i in range(3)),
        )
    ),
)
_FEED_FORWARD = (
    ("fc1.", "feed_forward.expand."),
    ("fc2.", "feed_forward.contract."),
    ("final_layer_norm.", "feed_forward.norm."),
)
_REST = (
    ("class_predictor.", CLASSIFIER),
    (_PIXEL + "level_embed", "pixel_decoder.level_embed"),
    (_PIXEL + "input_projections.#.0.", "pixel_decoder.input_projections.#.conv."),
    (_PIXEL + "input_projections.#.1.", "pixel_decoder.input_projections.#.norm."),
    (_ENCODER + "self_attn.sampling_offsets.", _OURS + "attention.offsets."),
    (_ENCODER + "self_attn.attention_weights.", _OURS + "attention.weights."),
    (_ENCODER + "self_attn.value_proj.", _OURS + "attention.value."),
    (_ENCODER + "self_attn.output_proj.", _OURS + "attention.out."),
    (_ENCODER + "self_attn_layer_norm.", _OURS + "norm."),
    *((_ENCODER + theirs, _OURS + ours) for theirs, ours in _FEED_FORWARD),
    (_PIXEL + "mask_projection.", "pixel_decoder.mask_features."),
    (_PIXEL + "adapter_1.0.", "pixel_decoder.lateral.conv."),
    (_PIXEL + "adapter_1.1.", "pixel_decoder.lateral.norm."),
    (_PIXEL + "layer_1.0.", "pixel_decoder.smooth.conv."),
    (_PIXEL + "layer_1.1.", "pixel_decoder.smooth.norm."),
    ("transformer_module.queries_embedder.", "mask_decoder.query_position."),
    ("transformer_module.queries_features.", "mask_decoder.query_content."),
    ("transformer_module.level_embed.", "mask_decoder.level_embed."),
    *(
        (_LAYER + f"self_attn.{c}_proj.", _OUR_LAYER + f"queries.block.attention.in_proj_|{i}")
        for i, c in _QKV
    ),
    (_LAYER + "self_attn.out_proj.", _OUR_LAYER + "queries.block.attention.out_proj."),
    (_LAYER + "self_attn_layer_norm.", _OUR_LAYER + "queries.block.norm."),
    (_LAYER + "cross_attn.", _OUR_LAYER + "image.attention."),
    (_LAYER + "cross_attn_layer_norm.", _OUR_LAYER + "image.norm."),
    *((_LAYER + theirs, _OUR_LAYER + ours) for theirs, ours in _FEED_FORWARD),
    (_DECODER + "layernorm.", "mask_decoder.heads.norm."),
    (_DECODER + "mask_predictor.mask_embedder.#.0.", "mask_decoder.heads.mask_embedding.layers.#."),
)
_UNUSED = (
    ("criterion.empty_weight", "a weight of the training loss"),
    (_BACKBONE + "layernorm.", "a norm that segmentation does not use"),
)
_NAMES = Renaming(
    (*((_BACKBONE + theirs, "backbone." + ours) for theirs, ours in (*_SWIN, *_RESNET)), *_REST),
    _UNUSED,
)
_INNER = ("swin.", "model.")


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """A state dict of transformers under our names."""
    short = {_short(name): name for name in tensors if not name.endswith("num_batches_tracked")}
    out = _NAMES.translate({new: tensors[name] for new, name in short.items()})
    out.unused = {short[name]: why for name, why in out.unused.items()}
    out.unknown = [short[name] for name in out.unknown]
    counted = (name for name in tensors if name.endswith("num_batches_tracked"))
    out.unused |= dict.fromkeys(counted, "a count of training steps; statistics are frozen here")
    return out


def _short(name: str) -> str:
    """Without the prefixes that differ between versions and between whole and inner model."""
    name = name.removeprefix("model.")
    for inner in _INNER:
        if name.startswith(_BACKBONE + inner):
            return _BACKBONE + name.removeprefix(_BACKBONE + inner)
    return name
