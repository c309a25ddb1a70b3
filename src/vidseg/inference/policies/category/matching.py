"""Which detection of a clip is which known object of VIS and VPS."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...config import InferenceConfig
from ...tracking.association import assign, assign_by_kind, bisoftmax_affinity, cosine_affinity
from ...tracking.clip_association import ShapeMemory
from ...tracking.entities import Entities
from .detection import Detections
from .rules import CategoryRules, Pair


@dataclass(frozen=True)
class Matches:
    """Pairs of the same object.

    Attributes:
        pairs: they update what is known of looks and classes.
        trusted: those of them whose masks are taken, too.
    """

    pairs: list[Pair]
    trusted: list[Pair]


class Matching:
    """Compares detections with known objects as the configuration says."""

    def __init__(
        self,
        config: InferenceConfig,
        rules: CategoryRules,
        is_thing: Tensor,
        shapes: ShapeMemory | None,
    ) -> None:
        """``is_thing``: [K] bool; ``shapes``: None compares by appearance alone."""
        self._config = config
        self._is_thing = is_thing
        self._shapes = shapes
        self._rules = rules

    def match(self, entities: Entities, detections: Detections) -> Matches:
        """One-to-one pairs; at least one object is known."""
        config = self._config
        slots, recent, found = entities.embeddings, entities.recent, detections.embeddings
        if self._shapes is not None:
            known = self._shapes.known(entities.class_scores)[:, None]
            told = self._shapes.found(detections.mask_logits, detections.scores)
            slots, recent, found = slots + known, recent + known, found + told[:, None]
        alike = cosine_affinity(slots, found)
        if config.tracking.association == "similarity":
            kinds = (
                self._is_thing[s.argmax(1)] for s in (entities.class_scores, detections.scores)
            )
            pairs = trusted = assign_by_kind(alike, config.tracking.consistency_threshold, *kinds)
        else:
            affinity = bisoftmax_affinity(recent, found)
            pairs = assign(affinity, config.tracking.new_object_threshold)
            trusted = self._rules.trusted(pairs, affinity)
        if config.published.confident_matches:
            pairs, trusted = (self._confident(some, alike, detections) for some in (pairs, trusted))
        return Matches(pairs, trusted)

    def _confident(self, pairs: list[Pair], alike: Tensor, detections: Detections) -> list[Pair]:
        """Pairs in which something is seen, and it looks like the object.

        The bi-softmax is relative: it gives a lone object to any detection.
        """
        likely = detections.best > self._config.class_threshold
        sure = ((alike > self._config.tracking.consistency_threshold) & likely).tolist()
        return [(n, q) for n, q in pairs if sure[n][q]]
