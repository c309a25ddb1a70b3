"""Weights and sampling of the training loss, with presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from ...errors import RecipeError, nearest_hint
from ..recipe.typed_values import recipe_value


@dataclass(frozen=True, kw_only=True)
class MatchWeights:
    """Weights of the matching cost."""

    classes: float = 3.0
    mask: float = 5.0
    dice: float = 5.0


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights and sampling of the loss. A term of weight 0 is not computed.

    Attributes:
        classes, mask, dice: weights of the three segmentation terms.
        reid, reid_aux: contrastive and cosine loss inside a stream, and over the clips of a long
            video.
        reid_l2p, reid_l2p_aux: the same between learnable and prompt queries.
        read: loss of the prediction of the pixel memory alone (``training/objectives/rollout.py``).
        semantic: competition of category prompts for each pixel.
        match: weights of the assignment.
        points: sampled points of a mask in one frame (mask and semantic terms).
        match_points: sampled points of the assignment, shared by all masks.
        oversample, importance: see ``uncertain_points``.
        cross_entropy: softmax term of the class loss.
        absent_categories: supervise prompts of absent categories with an empty mask.
        spare_groups: do not punish unmatched queries inside a group for its class.
        auxiliary: weight of the predictions before the last.
        reid_columns: sampled columns of the ReID terms.
    """

    classes: float = 5.0
    mask: float = 5.0
    dice: float = 5.0
    reid: float = 0.5
    reid_aux: float = 0.5
    reid_l2p: float = 0.5
    reid_l2p_aux: float = 0.5
    read: float = 5.0
    semantic: float = 5.0
    match: MatchWeights = field(default_factory=MatchWeights)
    points: int = 12544
    match_points: int = 12544
    oversample: float = 3.0
    importance: float = 0.5
    cross_entropy: bool = True
    absent_categories: bool = False
    spare_groups: bool = True
    auxiliary: float = 1.0
    reid_columns: int = 20

    def weight(self, term: str) -> float:
        """Weight of a term by its name."""
        return float(getattr(self, term))


def released_losses(*, reid: float = 0.5) -> LossConfig:
    """As the released weights were trained; ``reid`` is 0.5 for R50, 0.25 for Swin, half of that in
    stage 3 (UniVS code)."""
    return LossConfig(
        reid=reid, reid_aux=reid, reid_l2p=reid, reid_l2p_aux=reid, spare_groups=False
    )


def paper_losses() -> LossConfig:
    """As the paper's supplement says: class weight 3 and the focal term alone."""
    return LossConfig(classes=3.0, cross_entropy=False, spare_groups=False)


def light_losses(points: int = 1024) -> LossConfig:
    """For small pictures on a CPU: few points, no losses on embeddings."""
    return LossConfig(
        reid=0.0,
        reid_aux=0.0,
        reid_l2p=0.0,
        reid_l2p_aux=0.0,
        semantic=2.0,
        points=points,
        match_points=points // 2,
        absent_categories=True,
    )


_Values = TypeVar("_Values", LossConfig, MatchWeights)

PRESETS: Mapping[str, Callable[[], LossConfig]] = {
    "released": released_losses,
    "paper": paper_losses,
    "light": light_losses,
}


def named_losses(preset: str, overrides: Mapping[str, Any] | None = None) -> LossConfig:
    """A preset with some values changed.

    Args:
        preset: a name of ``PRESETS``.
        overrides: values of ``LossConfig`` by name; ``match`` takes those of ``MatchWeights``.

    Raises:
        RecipeError: an unknown preset or name, or a value of another type.
    """
    if preset not in PRESETS:
        raise RecipeError(
            f"objective.losses.preset is {preset!r}{nearest_hint(preset, PRESETS)}; "
            f"known are {', '.join(PRESETS)}."
        )
    return _changed(PRESETS[preset](), overrides or {}, "objective.losses.overrides")


def _changed(losses: _Values, overrides: Mapping[str, Any], key: str) -> _Values:
    """``losses`` with overrides."""
    known = {f.name: getattr(losses, f.name) for f in fields(losses)}
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        if name not in known:
            raise RecipeError(f"{key}.{name} is no value of the loss{nearest_hint(name, known)}.")
        old = known[name]
        if isinstance(old, MatchWeights) and isinstance(value, Mapping):
            changes[name] = _changed(old, value, f"{key}.{name}")
        else:
            changes[name] = recipe_value(value, type(old), f"{key}.{name}")
    return replace(losses, **changes)
