"""What each of GvSeg's four tasks asks about a batch, and what counts as the answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import get_args

import torch
from torch import Tensor

from ...datasets.batches.collate import ClipBatch
from ...datasets.class_lists import PUBLISHED
from ...datasets.clips.schema import ClipSample
from ...vocabularies import get_vocabulary, is_thing_name
from ..losses.targets import ClipTargets
from ..recipe.objective import GvSegTask, TasksConfig

TASKS: tuple[GvSegTask, ...] = get_args(GvSegTask)


@dataclass(frozen=True, eq=False)
class TaskTargets:
    """The N regions of a video that a task looks for.

    Attributes:
        clip: over all frames of the video.
        ids: [N] identity in the video.
        semantic: [N] bool, a region of a class (stuff; everything in VSS) and not one thing.
    """

    clip: ClipTargets
    ids: Tensor
    semantic: Tensor

    def to(self, device: torch.device) -> TaskTargets:
        """The same on another device."""
        return TaskTargets(self.clip.to(device), self.ids.to(device), self.semantic.to(device))


def task_shares(config: TasksConfig, batch: ClipBatch, *, texts: bool) -> dict[GvSegTask, float]:
    """How likely each task is for a batch; what it cannot be asked is left out.

    EVS needs a region, VIS a thing, VSS and VPS a region with a class.

    Args:
        texts: whether there is an encoder of class names.

    Returns:
        Positive shares; all tasks that are left alike where none of them has a share.
    """
    samples = batch.samples
    labelled = texts and any(bool((sample.labels >= 0).any()) for sample in samples)
    usable = {
        "evs": any(len(sample) for sample in samples),
        "vis": any(bool(sample.is_thing.any()) for sample in samples),
        "vss": labelled,
        "vps": labelled,
    }
    shares = asdict(config.shares)
    allowed = config.only.get(samples[0].dataset, TASKS)
    left = [task for task in TASKS if task in allowed and usable[task]]
    return {t: shares[t] for t in left if shares[t] > 0} or dict.fromkeys(left, 1.0)


def task_targets(task: GvSegTask, sample: ClipSample) -> TaskTargets:
    """VIS: things; VSS: the union of each class; VPS and EVS: things and stuff.

    In VIS, queries that find stuff of the clip are not punished for its class.
    """
    if task == "vss":
        labels, masks = sample.class_masks()
        nothing = torch.zeros_like(labels, dtype=torch.bool)
        return TaskTargets(ClipTargets(masks, labels, nothing), labels, ~nothing)
    clip, things = ClipTargets.of_single_regions(sample, exhaustive=True), sample.is_thing
    if task == "evs":
        return TaskTargets(clip, sample.ids, torch.zeros_like(things))
    if task == "vps":
        return TaskTargets(clip, sample.ids, ~things)
    columns = None
    if sample.vocabulary:
        columns = torch.ones(len(sample.vocabulary), dtype=torch.bool)
        for kept in (False, True):
            labels = sample.labels[things == kept]
            columns[labels[labels >= 0]] = kept
    clip = replace(
        clip,
        masks=clip.masks[things],
        labels=clip.labels[things],
        is_group=clip.is_group[things],
        columns=columns,
    )
    return TaskTargets(clip, sample.ids[things], torch.zeros_like(things[things]))


def stuff_classes(batch: ClipBatch) -> tuple[str, ...]:
    """Names of the batch's vocabulary that are stuff: as its regions say, else as its list does."""
    flags = list(_thing_flags(batch.vocabulary))
    for sample in batch.samples:
        for label, thing in zip(sample.labels.tolist(), sample.is_thing.tolist(), strict=True):
            if label >= 0:
                flags[label] = thing
    return tuple(n for n, thing in zip(batch.vocabulary, flags, strict=True) if not thing)


@cache
def _thing_flags(texts: tuple[str, ...]) -> tuple[bool, ...]:
    for name in dict.fromkeys(PUBLISHED.values()):
        if name != "own" and get_vocabulary(name).texts == texts:
            return get_vocabulary(name).is_thing
    return tuple(is_thing_name(text) for text in texts)
