"""Where a checkpoint comes from, told from the names of its tensors and from nothing else."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from ....errors import ModelError
from .reading import SINGLE

CONCEPT_TABLE = "concept_table"
"""Name of the table of concepts in a file of ours."""
CONCEPTS = 3938
"""Rows of that table: the categories of 13 lists of classes, one after the other."""


class Origin(Enum):
    """The values are for people."""

    UNIVS = "UniVS"
    MASK2FORMER = "Mask2Former (Detectron2)"
    MASK2FORMER_HF = "Mask2Former (Hugging Face)"
    RESNET = "ResNet of ImageNet"
    SWIN = "Swin of ImageNet"
    CLIP = "CLIP text tower"
    CLIP_HF = "CLIP text tower (Hugging Face)"
    CONCEPTS = "table of concepts"

    @property
    def is_model(self) -> bool:
        """Whether it holds a segmentation model or its beginning; the others hold text."""
        return self not in (Origin.CLIP, Origin.CLIP_HF, Origin.CONCEPTS)

    @property
    def has_fixed_classes(self) -> bool:
        """Whether it is a whole model of the classes that it was trained on."""
        return self in (Origin.MASK2FORMER, Origin.MASK2FORMER_HF)


_ONLY_UNIVS = (
    "sem_seg_head.predictor.vis2text_projection.",
    "sem_seg_head.predictor.text2vis_projection.",
    "sem_seg_head.predictor.transformer_prompt_self_attention_layers.",
)


def recognise(names: Collection[str]) -> Origin:
    """The origin of a checkpoint with these names. Raises ModelError for none that is known."""
    if set(names) in ({SINGLE}, {CONCEPT_TABLE}):
        return Origin.CONCEPTS
    if any(name.startswith("sem_seg_head.") for name in names):
        is_univs = any(name.startswith(_ONLY_UNIVS) for name in names)
        return Origin.UNIVS if is_univs else Origin.MASK2FORMER
    if any("pixel_level_module." in name for name in names):
        return Origin.MASK2FORMER_HF
    if any(name.endswith("text_model.embeddings.token_embedding.weight") for name in names):
        return Origin.CLIP_HF
    if any(name.endswith("token_embedding.weight") for name in names):
        return Origin.CLIP
    if {"layer1.0.conv1.weight", "res2.0.conv1.weight"} & set(names):
        return Origin.RESNET
    if "layers.0.blocks.0.attn.relative_position_bias_table" in names:
        return Origin.SWIN
    if any(name.startswith("mask_decoder.") for name in names):
        raise ModelError("it is a model of vidseg already; give the folder that it lies in.")
    listed = ", ".join(sorted(names)[:3])
    raise ModelError(
        f"tensors such as {listed} are of no UniVS, Mask2Former, ResNet, Swin or CLIP; give a file "
        f"of one of these."
    )
