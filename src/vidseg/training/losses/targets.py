"""Targets of the predictions of a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...datasets.clips.schema import ClipSample
from ...models.decoder.tensors import PromptKind
from ..prompts.simulation import single_objects


@dataclass(frozen=True, eq=False)
class ClipTargets:
    """Targets of the learnable queries of one clip: one row an object or stuff region.

    Attributes:
        masks: [N, T, H, W] bool at any resolution.
        labels: [N] int64 column of the class logits, -1 without category.
        is_group: [N] bool; may hold several instances, so it is no target, and queries that find
            something inside it are not punished for its class. What no frame shows is no target
            either.
        columns: [K] bool, columns of the class logits that this clip is exhaustively labelled
            with; None for all.
        exhaustive: False if unlabelled objects are to be expected; then learnable queries are not
            supervised on this clip.
    """

    masks: Tensor
    labels: Tensor
    is_group: Tensor
    columns: Tensor | None = None
    exhaustive: bool = True

    @staticmethod
    def of_single_regions(sample: ClipSample, *, exhaustive: bool | None = None) -> ClipTargets:
        """Targets of a clip, where a group that is in one piece counts as one object.

        Where the dataset does not separate things (street scenes), each class is one region.

        Args:
            exhaustive: None for clips of datasets with classes alone.
        """
        groups = ~single_objects(sample)
        if bool(sample.is_group[sample.is_thing].all()) and not bool(sample.is_thing.all()):
            groups = torch.zeros_like(groups)
        known = bool(sample.vocabulary) if exhaustive is None else exhaustive
        return ClipTargets(sample.masks, sample.labels, groups, None, known)

    def window(self, first: int, frames: int) -> ClipTargets:
        """The part on ``frames`` frames from ``first`` on, with the same rows."""
        return replace(self, masks=self.masks[:, first : first + frames])

    def to(self, device: torch.device) -> ClipTargets:
        """The same on another device."""
        return ClipTargets(
            self.masks.to(device),
            self.labels.to(device),
            self.is_group.to(device),
            None if self.columns is None else self.columns.to(device),
            self.exhaustive,
        )

    @property
    def is_target(self) -> Tensor:
        """[N] bool: one object or stuff region that some frame shows."""
        return ~self.is_group & self.masks.flatten(1).any(1)

    def instances(self) -> ClipTargets:
        """The rows that queries are matched to."""
        keep = self.is_target
        return ClipTargets(
            self.masks[keep], self.labels[keep], self.is_group[keep], self.columns, self.exhaustive
        )


@dataclass(frozen=True, eq=False)
class PromptTargets:
    """Targets of the Q prompt queries of B clips. Prompt queries need no matching.

    Attributes:
        kind: where the prompts came from.
        masks: [B, Q, T, H, W] bool; what each prompt means, empty for an absent category.
        rows: [B, Q] int64 identity: row of the clip's targets (visual, expression) or class column
            (category); -1 for a prompt that is not supervised. Equal rows are one object.
        labels: [B, Q] int64 column of the class logits, -1 without category.
    """

    kind: PromptKind
    masks: Tensor
    rows: Tensor
    labels: Tensor


def clip_columns(logits: Tensor | None, b: int, clip: ClipTargets) -> Tensor | None:
    """[Q, K'] class logits of clip b over its own vocabulary, None if it has none."""
    if logits is None:
        return None
    own = logits[b] if clip.columns is None else logits[b][:, clip.columns]
    return own if own.shape[1] else None


def local_labels(labels: Tensor, columns: Tensor | None) -> Tensor:
    """Columns of the whole table as columns of the clip's own vocabulary."""
    if columns is None:
        return labels
    position = columns.cumsum(0) - 1
    return torch.where(labels >= 0, position[labels.clamp(min=0)], -1)
