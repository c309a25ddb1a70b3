"""What a session may vary: clip length, memory, thresholds, and which released quirks to keep.

``published(task, dataset)`` gives the values of the released evaluation scripts (ResNet-50, the
last value that is set wins) and keeps every quirk; ``default(task)`` is what we believe is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, get_type_hints

from ..errors import ModelError, nearest_hint
from ..formats.plain_values import typed
from ..types import Task

Contest = Literal["all", "claimants"]


Affinity = Literal["appearance", "shape_position"]


@dataclass(frozen=True, kw_only=True)
class InferenceConfig:
    """Everything a session may vary. Sizes are pixels, lengths are frames, thresholds 0..1.

    Attributes:
        clip_length: T, frames that the decoder sees at once. Results are delayed by T - 1 frames.
        stride: frames between the starts of two clips; equal to ``clip_length``: disjoint clips.
        window: frames per round of the VIS/VPS output schedule (results are kept until their
            round ends); 1 gives a frame as soon as no later clip can change it.
        memory_length: M, frame slots of the prompt memory besides the first appearance.
        tokens_per_prompt: R, tokens sampled from a mask.
        short_side, max_side: the shortest edge is resized to ``short_side`` unless the longest
            would exceed ``max_side``.
        size_multiple: the input is padded to a multiple of this on the right and at the bottom.
        detection_interval: clips between two searches for new objects.
        association: how known objects are found again: by their prompt queries, or by the
            similarity of learnable queries, things among things and stuff among stuff. A GvSeg
            has no prompt queries and refuses ``"prompts"``.
        separate_prompts: prompt queries of different objects do not see each other
            (SepSA-entity); expressions never do.
        class_threshold: smallest class score of a new object.
        stability_threshold: smallest mask quality of a detection (VIS, images).
        nms_threshold: largest box overlap of two detections.
        new_object_threshold: smallest bi-softmax affinity of a detection and a known object.
        consistency_threshold: smallest cosine of an object with its memory; below it is lost.
        overlap_threshold: smallest part of a thing that must remain after overlaps are settled
            (VPS, images); ``kept_area_threshold`` is the same for prompted objects.
        duplicate_threshold: largest mask overlap of a new object and a known one (VIS, VPS).
        max_detections: detections per clip.
        first_mask_threshold: smallest IoU of prediction and given mask on the annotated frame.
        detect_after_empty: whether objects can be found after a first clip without any.
        memory_features: features that a remembered mask samples: ``"own"``, those of its frame,
            or ``"shifted"``, those of the current clip, as released for VIS and VPS after the
            first clip, and everywhere when T = 1; there the first slot of an object that is found
            later stays without tokens.
        overlapping_clips: logits of a frame seen by several clips: ``"sum"`` as released, or
            ``"mean"``.
        unborn_scores: whether clips before an object's birth count as zero class score.
        merge_by: what competes for pixels in VPS, score times ``"logit"`` (released) or
            ``"probability"``.
        padding_words: whether padding after a sentence's end is used as words, as released.
        inherit_tokens: whether new slots start with the last usable tokens, so that a lost object
            is not forgotten; released code leaves them empty.
        last_frame_index: frames after this one share its temporal coordinate (training never
            goes beyond); None: no limit, as released.
        mask_measures: quality and overlap of prompted masks are counted in ``"cells"`` of the
            decoder's grid, or, as released, in ``"pixels"`` of the padded input, which costs 16
            times the memory.
        distinct_newborns: whether objects found in one clip must differ from each other as they
            must from known ones; released code checks that in the first clip only.
        confident_matches: whether a detection updates a known object only if its score is above
            ``class_threshold`` and its cosine with the object above ``consistency_threshold``; in
            released code the nearest one does, which keeps objects that left alive on noise and
            gives their ids to newcomers.
        forget_after: a VIS or VPS object that was not found for this many frames is given up (it
            keeps its id if it returns before); None: never, as released.
        max_objects: most VIS or VPS objects tracked at a time; None: no limit, as released.
        first_tokens: an object that enters with a mask on a later frame than the first is sampled
            ``"at_entry"``, or, as released, only with the ``"next_clip"``.
        lost_pixels: logits where another object won: ``"zero"`` as released, or ``"against"``:
            they count against the object as much as they counted for it.
        contest: prompted objects that may win a disputed pixel: ``"all"`` as released, so that a
            sure object far away takes the pixels of an unsure one, or ``"claimants"``, those whose
            own logit is above 0.
        shared_pixels: who is shown where settled masks still overlap: the ``"first"`` object, as
            released, or the one with the ``"largest"`` logit.
        image_threshold: smallest score of a segment of a still picture (VPS), and of a segment of
            any frame with a model of fixed classes.
        box_margin: logits by which a pixel must be inside on the frame of a box; above 0 the
            decoder looks twice, the second time with tokens of what it was sure of.
        box_contrast: with a margin, how many logits it counts whether a pixel looks like the object
            or like the surroundings of the box; 0 leaves that out.
        stuff_over_things: whether a stuff class takes the pixels of the things that are followed,
            as released (PVOS); a weak classifier then swallows them.
        semantic_threshold: least summed class score of a labelled pixel in VSS; 0: every pixel
            gets a class, as released.
        semantic_smoothing: 0..1, weight of the previous frame's class scores in VSS; 0 is none.
        affinity: what a detection and a known object are compared by: ``"appearance"``, or with
            ``"shape_position"`` their descriptors too (GvSeg Eq. 6, Table 4d); ``stuff_affinity``
            is the same for stuff.
        embedding_momentum: 0 <= m < 1, weight of the running embedding of an object against the
            new one, 0: the newest alone (the letter of GvSeg Eq. 6); None: an object is
            remembered by slots, as in UniVS.
        exemplars: where the query of a marked object comes from in the next clip (GvSeg, VOS):
            from its ``"last_confident"`` mask, or for ever from what was ``"given"``.
    """

    clip_length: int = 1
    stride: int = 1
    window: int = 1
    memory_length: int = 5
    tokens_per_prompt: int = 128
    short_side: int = 480
    max_side: int = 1333
    size_multiple: int = 32
    detection_interval: int = 1
    association: Literal["prompts", "similarity"] = "prompts"
    separate_prompts: bool = False
    class_threshold: float = 0.25
    stability_threshold: float = 0.25
    nms_threshold: float = 0.85
    new_object_threshold: float = 0.1
    consistency_threshold: float = 0.25
    overlap_threshold: float = 0.8
    kept_area_threshold: float = 0.25
    duplicate_threshold: float = 0.5
    max_detections: int = 50
    first_mask_threshold: float = 0.15
    detect_after_empty: bool = True
    memory_features: Literal["own", "shifted"] = "own"
    overlapping_clips: Literal["sum", "mean"] = "mean"
    unborn_scores: bool = False
    merge_by: Literal["logit", "probability"] = "probability"
    padding_words: bool = False
    inherit_tokens: bool = True
    last_frame_index: int | None = 128
    mask_measures: Literal["pixels", "cells"] = "cells"
    distinct_newborns: bool = True
    confident_matches: bool = True
    forget_after: int | None = 60
    max_objects: int | None = 100
    first_tokens: Literal["at_entry", "next_clip"] = "at_entry"
    lost_pixels: Literal["zero", "against"] = "against"
    contest: Contest = "claimants"
    shared_pixels: Literal["first", "largest"] = "largest"
    stuff_over_things: bool = False
    box_margin: float = 0.0
    box_contrast: float = 0.0
    image_threshold: float = 0.05
    semantic_threshold: float = 0.0
    semantic_smoothing: float = 0.0
    affinity: Affinity = "appearance"
    stuff_affinity: Affinity = "appearance"
    embedding_momentum: float | None = None
    exemplars: Literal["last_confident", "given"] = "last_confident"

    def __post_init__(self) -> None:
        if self.clip_length < 1 or not 1 <= self.stride <= self.clip_length:
            raise ValueError(
                f"need 1 <= stride <= clip_length, got {self.stride} and {self.clip_length}"
            )
        if min(self.memory_length, self.tokens_per_prompt, self.short_side, self.window) < 1:
            raise ValueError("memory_length, tokens_per_prompt, short_side and window start at 1")
        momentum = self.embedding_momentum
        if momentum is not None and not 0 <= momentum < 1:
            raise ValueError(f"need 0 <= embedding_momentum < 1, got {momentum}")

    @property
    def slots(self) -> int:
        """Frame slots that the prompt memory keeps besides the first appearance."""
        return max(self.memory_length, self.clip_length)

    def override(self, values: Mapping[str, Any]) -> InferenceConfig:
        """A copy with other values. Raises ModelError for an unknown name or a wrong value."""
        hints = _hints()
        unknown = sorted(set(values) - set(hints))
        if unknown:
            hint = nearest_hint(unknown[0], hints, "; the nearest known is {}")
            raise ModelError(f"Unknown inference setting {unknown[0]}{hint}.")
        try:
            return replace(
                self, **{name: typed(v, hints[name], name) for name, v in values.items()}
            )
        except ValueError as error:
            reason = str(error).removesuffix(".")
            raise ModelError(f"Inference settings cannot be used: {reason}.") from error


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(InferenceConfig)


_AS_RELEASED: dict[str, Any] = {
    "clip_length": 5,
    "window": 5,
    "short_side": 640,
    "detect_after_empty": False,
    "memory_features": "shifted",
    "overlapping_clips": "sum",
    "unborn_scores": True,
    "merge_by": "logit",
    "padding_words": True,
    "inherit_tokens": False,
    "last_frame_index": None,
    "mask_measures": "pixels",
    "distinct_newborns": False,
    "confident_matches": False,
    "forget_after": None,
    "max_objects": None,
    "first_tokens": "next_clip",
    "lost_pixels": "zero",
    "contest": "all",
    "shared_pixels": "first",
    "stuff_over_things": True,
}

_BY_TASK: dict[Task, dict[str, Any]] = {
    Task.VIS: {"max_detections": 35},
    Task.VSS: {},
    Task.VPS: {
        "tokens_per_prompt": 64,
        "class_threshold": 0.15,
        "nms_threshold": 0.75,
        "new_object_threshold": 0.05,
        "consistency_threshold": 0.05,
        "overlap_threshold": 0.6,
        "max_detections": 100,
    },
    # The released VOS code compares with a constant 0.5, whatever the configuration says.
    Task.VOS: {"tokens_per_prompt": 256, "consistency_threshold": 0.5},
    Task.PVOS: {"tokens_per_prompt": 256, "consistency_threshold": 0.5},
    Task.REFVOS: {
        "tokens_per_prompt": 32,
        "consistency_threshold": 0.5,
        "separate_prompts": True,
    },
}

_BY_DATASET: dict[str, dict[str, Any]] = {
    "ovis": {"class_threshold": 0.2, "max_detections": 50},
    "viposeg": {"short_side": 720},
}


def published(task: Task, dataset: str | None = None) -> InferenceConfig:
    """The released evaluation settings (UniVS, ResNet-50 scripts), quirks included.

    ``dataset`` is a benchmark's name such as ``"ytvis21"``, ``"ovis"`` or ``"viposeg"``; names
    without settings of their own get those of the task.
    """
    values = {**_AS_RELEASED, **_BY_TASK[task], **_BY_DATASET.get(dataset or "", {})}
    if task is Task.VSS:
        values["stride"] = values["clip_length"]
    return InferenceConfig(**values)


def published_fixed_classes() -> dict[str, dict[str, Any]]:
    """Settings with which a published Mask2Former gives its published results (COCO panoptic).

    The cosine that carries ids from frame to frame is ours: the models were made for pictures.
    """
    return {
        FOR_ALL_TASKS: {
            "short_side": 800,
            "image_threshold": 0.8,
            "overlap_threshold": 0.8,
            "class_threshold": 0.0,
            "max_detections": 100,
            "consistency_threshold": 0.5,
        }
    }


def default(task: Task) -> InferenceConfig:
    """Our settings: frame by frame, no delay, every listed quirk mended."""
    return InferenceConfig(**_BY_TASK[task])


CLIP_WISE: Mapping[str, Any] = {
    "clip_length": 3,
    "stride": 3,
    "association": "similarity",
    "affinity": "shape_position",
    "embedding_momentum": 0.8,
}
"""What GvSeg asks of the defaults: disjoint clips of three frames, matched by GvSeg Eq. 6."""


FOR_ALL_TASKS = "all"
"""Key of the settings that hold for every task."""


def configured(
    task: Task, settings: Mapping[str, Mapping[str, Any]], base: Mapping[str, Any] | None = None
) -> InferenceConfig:
    """The defaults of a task, overridden by those of a kind of model (``base``), by settings for
    all tasks, then by its own."""
    config = default(task).override(base or {})
    for name in (FOR_ALL_TASKS, task.value):
        config = config.override(settings.get(name, {}))
    return config


def check_settings(settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ModelError for the name of a task or setting that does not exist, or a bad value."""
    known = [FOR_ALL_TASKS, *(task.value for task in Task)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ModelError(
            f"Inference settings for an unknown task {unknown[0]!r}; the tasks are "
            f"{', '.join(known)}."
        )
    for task in Task:
        configured(task, settings)
