"""What datasets give: labelled frames as read, and clips as a model is trained on.

Readers decode one frame at a time into a picture and an *id map* whose value i > 0 stands for
region i - 1 of its video and 0 for "not labelled". Id maps make warping and pasting cheap; the
masks of a clip are cut from them at the very end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

SmallIdMap = npt.NDArray[np.uint8]
"""[H, W] region number + 1, 0 where nothing is labelled. A frame holds at most 254 regions."""

MAX_REGIONS = 254


@dataclass(frozen=True)
class Region:
    """One annotated region of a video or still.

    Attributes:
        label: index into the dataset's vocabulary, -1 for an object without a category.
        is_thing: countable object (True) or stuff (False).
        is_group: it may hold several instances, so it is a semantic region but not one object.
        captions: sentences that mean this region and no other of its picture.
    """

    label: int
    is_thing: bool = True
    is_group: bool = False
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expression:
    """A sentence and the row of the clip's object it means."""

    text: str
    target: int
    composed: bool
    """Put together from class, size and position (True) or written by a human (False)."""


@dataclass(frozen=True, eq=False)
class ClipSample:
    """T labelled frames of one size. N is the number of regions seen in any of them.

    Attributes:
        images: [T, 3, H, W] uint8 RGB.
        masks: [N, T, H, W] bool; they overlap where those of the dataset do.
        labels: [N] int64 index into ``vocabulary``, -1 for no category.
        ids: [N] int64 identity, unique inside the clip, stable over its frames.
        is_thing: [N] bool.
        is_group: [N] bool; may hold several instances (a semantic region, not one object).
        vocabulary: K category names; empty where the dataset has no categories.
        expressions: sentences about single objects.
        frame_indices: [T] int64 position in the source video.
        dataset: name of the dataset.
        video: name of the video or still in it, for messages; empty where nobody said.
    """

    images: Tensor
    masks: Tensor
    labels: Tensor
    ids: Tensor
    is_thing: Tensor
    is_group: Tensor
    vocabulary: tuple[str, ...]
    frame_indices: Tensor
    dataset: str
    expressions: tuple[Expression, ...] = field(default=())
    video: str = ""

    def __len__(self) -> int:
        return int(self.masks.shape[0])

    @property
    def visible(self) -> Tensor:
        """[N, T] bool: the region has at least one pixel in the frame."""
        return self.masks.flatten(2).any(-1)

    def class_masks(self) -> tuple[Tensor, Tensor]:
        """Union of the regions of each class present.

        Returns:
            (labels [M] int64 ascending, masks [M, T, H, W] bool); groups and stuff included.
        """
        labels = torch.unique(self.labels[self.labels >= 0])
        unions = [self.masks[self.labels == label].any(0) for label in labels]
        empty = self.masks.new_zeros((0, *self.masks.shape[1:]))
        return labels, torch.stack(unions) if unions else empty
