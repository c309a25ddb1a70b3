"""What a session may vary: clip length, memory, thresholds, and which released rules to keep.

``default(task)`` gives the settings that we believe are right;
:func:`vidseg.inference.published.settings.published` gives those of the released evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from math import inf
from typing import Any, Literal, get_type_hints

from ..errors import ModelError, nearest_hint
from ..formats.plain_values import typed
from ..limits import check_size
from ..models.decoder.config import Separation, TemporalEncoding
from ..types import Task
from .released_behaviour import PublishedBehaviour

Affinity = Literal["appearance", "shape_position"]

_SHARE = (0.0, 1.0)
_FROM_0: tuple[float, float] = (0, 2**31 - 1)
_FROM_1: tuple[float, float] = (1, 2**31 - 1)

_RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("clip_length", "stride", "window", "memory_length"), _FROM_1),
    "tokens_per_prompt": (1, 1 << 16),  # all are made, however small the mask is
    **dict.fromkeys(("short_side", "max_side", "size_multiple", "square_side"), _FROM_1),
    **dict.fromkeys(("max_detections", "detection_interval", "max_objects"), _FROM_1),
    **dict.fromkeys(("last_frame_index", "forget_after"), _FROM_0),
    **dict.fromkeys(("class_threshold", "stability_threshold", "nms_threshold"), _SHARE),
    **dict.fromkeys(("overlap_threshold", "kept_area_threshold", "image_threshold"), _SHARE),
    **dict.fromkeys(("first_mask_threshold", "semantic_smoothing"), _SHARE),
    **dict.fromkeys(("new_object_threshold", "duplicate_threshold"), _SHARE),
    "consistency_threshold": (-1, 1),
    **dict.fromkeys(("semantic_threshold", "box_margin", "box_contrast"), (0, inf)),
}
"""Setting → least and largest value; those that may be nothing are free then."""


def _check_ranges(settings: TrackingConfig | InferenceConfig) -> None:
    """Raises ValueError, naming the setting."""
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.name in _RANGES and value is not None:
            least, most = _RANGES[each.name]
            if not least <= value <= most:
                wanted = f"{least:g} or more" if most == inf else f"{least:g} to {most:.10g}"
                raise ValueError(f"{each.name} is {value}; {wanted} is wanted")


@dataclass(frozen=True, kw_only=True)
class TrackingConfig:
    """How objects are found again from clip to clip, and how long they live.

    Attributes:
        association: how known objects are found again: by their prompt queries, or by the
            similarity of learnable queries, things among things and stuff among stuff (marked
            objects: whatever is most like them). A GvSeg has no prompt queries and refuses
            ``"prompts"``. Sentences are asked anew in every clip either way.
        detection_interval: clips between two searches for new objects.
        new_object_threshold: smallest bi-softmax affinity of a detection and a known object.
        consistency_threshold: smallest cosine of an object with its memory; below it is lost.
        duplicate_threshold: largest mask overlap of a new object and a known one (VIS, VPS).
        forget_after: a VIS or VPS object that was not found for this many frames is given up (it
            keeps its id if it returns before); None: never, as released.
        max_objects: most VIS or VPS objects tracked at a time; None: no limit, as released.
    """

    association: Literal["prompts", "similarity"] = "prompts"
    detection_interval: int = 1
    new_object_threshold: float = 0.1
    consistency_threshold: float = 0.25
    duplicate_threshold: float = 0.5
    forget_after: int | None = 60
    max_objects: int | None = 100

    def __post_init__(self) -> None:
        _check_ranges(self)


@dataclass(frozen=True, kw_only=True)
class GvSegSettings:
    """Association by shape and place, and queries of marked objects, as in GvSeg.

    Attributes:
        affinity: what a detection and a known object are compared by: ``"appearance"``, or with
            ``"shape_position"`` their descriptors too (GvSeg Eq. 6, Table 4d); ``stuff_affinity``
            is the same for stuff.
        embedding_momentum: 0 <= m < 1, weight of the running embedding of an object against the
            new one, 0: the newest alone (the letter of GvSeg Eq. 6); None: an object is
            remembered by slots, as in UniVS.
        exemplars: where the query of a marked object comes from in the next clip (GvSeg, VOS):
            from its ``"last_confident"`` mask, or for ever from what was ``"given"``.
    """

    affinity: Affinity = "appearance"
    stuff_affinity: Affinity = "appearance"
    embedding_momentum: float | None = None
    exemplars: Literal["last_confident", "given"] = "last_confident"

    def __post_init__(self) -> None:
        momentum = self.embedding_momentum
        if momentum is not None and not 0 <= momentum < 1:
            raise ValueError(f"need 0 <= embedding_momentum < 1, got {momentum}")


@dataclass(frozen=True, kw_only=True)
class InferenceConfig:
    """Everything a session may vary. Sizes are pixels, lengths are frames, thresholds 0..1.

    Files, recipes and :meth:`override` name the settings of the three groups without the name of
    the group: ``{"forget_after": 30}``, not ``{"tracking": {"forget_after": 30}}``.

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
        square_side: the input is padded to a square of this side instead, as the release tests
            models that were trained on squares; its longest edge has at most this.
        separation: who sees whom in self-attention, expressions included; None: as the model is
            configured, expressions apart.
        temporal_encoding: where a frame stands in time: its ``absolute`` index or its place in the
            ``clip``; None: as the model is configured.
        grounding_average: whether the mask of a sentence is averaged with that of the learnable
            query most like it; None: as the model is configured.
        last_frame_index: frames after this one share its temporal coordinate (training never
            goes beyond); None: no limit, as released.
        class_threshold: smallest class score of a new object.
        stability_threshold: smallest mask quality of a detection (VIS, images).
        nms_threshold: largest box overlap of two detections.
        overlap_threshold: smallest part of a thing that must remain after overlaps are settled
            (VPS, images); ``kept_area_threshold`` is the same for prompted objects.
        max_detections: detections per clip.
        image_threshold: smallest score of a segment of a still picture (VPS), and of a segment of
            any frame with a model of fixed classes.
        first_mask_threshold: smallest IoU of prediction and given mask on the annotated frame.
        box_margin: logits by which a pixel must be inside on the frame of a box; above 0 the
            decoder runs twice, the second time with tokens of the pixels that it was sure of.
        box_contrast: with a margin, how many logits it counts whether a pixel looks like the object
            or like the surroundings of the box; 0 leaves that out.
        semantic_threshold: least summed class score of a labelled pixel in VSS; 0: every pixel
            gets a class, as released.
        semantic_smoothing: 0..1, weight of the previous frame's class scores in VSS; 0 is none.
        tracking: association and lifetime of objects.
        published: which rules of the released code to keep; none by default.
        gvseg: association by shape and place.
    """

    clip_length: int = 1
    stride: int = 1
    window: int = 1
    memory_length: int = 5
    tokens_per_prompt: int = 128
    short_side: int = 480
    max_side: int = 1333
    size_multiple: int = 32
    square_side: int | None = None
    separation: Separation | None = None
    temporal_encoding: TemporalEncoding | None = None
    grounding_average: bool | None = None
    last_frame_index: int | None = 128
    class_threshold: float = 0.25
    stability_threshold: float = 0.25
    nms_threshold: float = 0.85
    overlap_threshold: float = 0.8
    kept_area_threshold: float = 0.25
    max_detections: int = 50
    image_threshold: float = 0.05
    first_mask_threshold: float = 0.15
    box_margin: float = 0.0
    box_contrast: float = 0.0
    semantic_threshold: float = 0.0
    semantic_smoothing: float = 0.0
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    published: PublishedBehaviour = field(default_factory=PublishedBehaviour)
    gvseg: GvSegSettings = field(default_factory=GvSegSettings)

    def __post_init__(self) -> None:
        _check_ranges(self)
        if self.stride > self.clip_length:
            raise ValueError(
                f"need 1 <= stride <= clip_length, got {self.stride} and {self.clip_length}"
            )
        square = self.square_side
        if square is not None and square % self.size_multiple:
            raise ValueError(f"square_side is {square}, no multiple of {self.size_multiple}")
        # What a square picture takes; FrameGeometry looks at others when they come.
        shortest = -(-min(self.short_side, self.max_side) // self.size_multiple)
        side = square or shortest * self.size_multiple
        names = "square_side" if square else "short_side, max_side and size_multiple"
        check_size(side, side, f"A square picture by {names}", ModelError)

    @property
    def slots(self) -> int:
        """Frame slots that the prompt memory keeps besides the first appearance."""
        return max(self.memory_length, self.clip_length)

    @classmethod
    def of(cls, **values: Any) -> InferenceConfig:
        """The defaults with other values, by the flat names of :meth:`override`."""
        return cls().override(values)

    def flat(self) -> dict[str, Any]:
        """All settings by the names that files and recipes use, without groups."""
        values = asdict(self)
        for group in _GROUPS:
            values |= values.pop(group)
        return values

    def override(self, values: Mapping[str, Any] | None = None, **named: Any) -> InferenceConfig:
        """A copy with other values, named as in :meth:`flat`.

        Raises ModelError for an unknown name or a wrong value.
        """
        values = {**(values or {}), **named}
        hints = _hints()
        unknown = sorted(set(values) - set(hints))
        if unknown:
            hint = nearest_hint(unknown[0], hints, "; the nearest known is {}")
            raise ModelError(f"Unknown inference setting {unknown[0]}{hint}.")
        changes: dict[str, dict[str, Any]] = {}
        try:
            for name, value in values.items():
                group, hint = hints[name]
                changes.setdefault(group, {})[name] = typed(value, hint, name)
            own = changes.pop("", {})
            groups = {g: replace(getattr(self, g), **new) for g, new in changes.items()}
            return replace(self, **own, **groups)
        except ValueError as error:
            reason = str(error).removesuffix(".")
            raise ModelError(f"Inference settings cannot be used: {reason}.") from error


_GROUPS: dict[str, type] = {
    "tracking": TrackingConfig,
    "published": PublishedBehaviour,
    "gvseg": GvSegSettings,
}


@cache
def _hints() -> dict[str, tuple[str, Any]]:
    """Group ("" for none) and type of every setting, by its flat name."""
    own = get_type_hints(InferenceConfig).items()
    hints = {name: ("", hint) for name, hint in own if name not in _GROUPS}
    for group, kind in _GROUPS.items():
        hints |= {name: (group, hint) for name, hint in get_type_hints(kind).items()}
    return hints


BY_TASK: Mapping[Task, Mapping[str, Any]] = {
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
        "separation": "sep-entity",
    },
}


def default(task: Task) -> InferenceConfig:
    """Our settings: frame by frame, no delay, no released rule that we believe wrong."""
    return InferenceConfig.of(**BY_TASK[task])


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
