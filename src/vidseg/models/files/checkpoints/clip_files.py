"""CLIP's text tower: OpenAI's names (also behind a prefix, as RegionCLIP has them) or HF's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ....errors import ModelError
from .origin import Origin, recognise
from .reading import read_checkpoint
from .translation import Renaming, Translation

_ANCHOR = "token_embedding.weight"
_IMAGES = "the image side of CLIP"
_BLOCK, _OURS = "text_model.encoder.layers.#.", "transformer.resblocks.#."
_OPENAI = Renaming(
    (
        ("token_embedding.weight", "token_embedding.weight"),
        ("positional_embedding", "positional_embedding"),
        ("transformer.resblocks.", "transformer.resblocks."),
        ("ln_final.", "ln_final."),
        ("text_projection", "text_projection"),
    ),
    (
        ("visual.", _IMAGES),
        ("logit_scale", "the temperature of CLIP; UniVS learns its own"),
        ("input_resolution", "a size, told by the shapes"),
        ("context_length", "a size, told by the shapes"),
        ("vocab_size", "a size, told by the shapes"),
    ),
)
_HUGGING_FACE = Renaming(
    (
        ("text_model.embeddings.token_embedding.", "token_embedding."),
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        *(
            (_BLOCK + f"self_attn.{c}_proj.", _OURS + f"attn.in_proj_|{i}")
            for i, c in enumerate("qkv")
        ),
        (_BLOCK + "self_attn.out_proj.", _OURS + "attn.out_proj."),
        (_BLOCK + "layer_norm1.", _OURS + "ln_1."),
        (_BLOCK + "layer_norm2.", _OURS + "ln_2."),
        (_BLOCK + "mlp.fc1.", _OURS + "mlp.c_fc."),
        (_BLOCK + "mlp.fc2.", _OURS + "mlp.c_proj."),
        ("text_model.final_layer_norm.", "ln_final."),
        ("text_projection.weight", "text_projection"),
    ),
    (
        ("vision_model.", _IMAGES),
        ("visual_projection.", _IMAGES),
        ("logit_scale", "the temperature of CLIP; UniVS learns its own"),
        ("text_model.embeddings.position_ids", "numbers from 0, computed here"),
    ),
)


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """A published state dict under the names of :class:`..clip_text.ClipTextTower`."""
    if recognise(tensors) is Origin.CLIP_HF:
        return _HUGGING_FACE.translate(tensors, _turned)
    anchors = [name for name in tensors if name.endswith(_ANCHOR)]
    prefix = min(anchors, key=len).removesuffix(_ANCHOR)
    inside = {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
    out = _OPENAI.translate(inside)
    out.unused = {prefix + name: why for name, why in out.unused.items()}
    out.unknown = [prefix + name for name in out.unknown]
    out.unused |= {name: _IMAGES for name in tensors if not name.startswith(prefix)}
    return out


def read_text_tower(path: Path) -> dict[str, Tensor]:
    """Tensors of a text tower under our names. Raises ModelError where there is none."""
    tensors = read_checkpoint(path).tensors
    if not any(name.endswith(_ANCHOR) for name in tensors):
        raise ModelError(f"{path} has no {_ANCHOR}; it is not a file of CLIP text weights.")
    return translate(tensors).state


def _turned(name: str, value: Tensor) -> Tensor:
    """The projection is kept as a linear layer there, as a matrix here."""
    return value.T.contiguous() if name == "text_projection" else value
