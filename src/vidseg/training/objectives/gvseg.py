"""GvSeg (§3.1): one of four tasks on all clips of a video, and contrast across the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...datasets.batches.collate import ClipBatch
from ...errors import RecipeError
from ...models.decoder.tensors import DecoderOutput, FrameFeatures
from ...models.gvseg.model import GvSeg
from ...models.gvseg.query_init import InitialQueries
from ...models.loading import VideoModel
from ...models.text.encoder import TextEncoder
from ..losses.config import LossConfig, named_losses
from ..losses.criterion import Comparison, Criterion
from ..losses.matched_descriptors import MatchedDescriptors, OwnDescriptors, target_descriptors
from ..losses.output_streams import in_full_precision, without_autocast
from ..losses.targets import ClipTargets, PromptTargets
from ..losses.temporal_contrast import ClassQueues, Embeddings, contrast_terms
from ..parallel.processes import gather_rows
from ..prompts.choice import choose_kind, prompt_shares, visual_shares
from ..prompts.clip_prompts import simulate_clip_prompts
from ..prompts.simulation import SimulatedPrompts
from ..recipe.objective import GvSegTask, ObjectiveConfig
from .clip import class_embeddings, compare, prompt_targets
from .clip_queries import device_of, normalised
from .gvseg_tasks import TaskTargets, stuff_classes, task_shares, task_targets
from .long_video import window


@dataclass(frozen=True, eq=False)
class _Video:
    """What a batch of B videos is asked: the same for all of its clips.

    Attributes:
        task: drawn for the batch.
        targets: of each video.
        rows: [K] row of each class of the vocabulary among the model's classes, -1 for none.
        exemplars: of EVS, with their initial queries.
    """

    task: GvSegTask
    targets: Sequence[TaskTargets]
    rows: Tensor
    exemplars: tuple[SimulatedPrompts, InitialQueries] | None = None


class GvSegObjective:
    """Losses of Mask2Former on every clip, and the temporal contrastive loss over all of them.

    Clips follow each other without overlap; where frames are left over, the last clip ends with
    the video. Losses are means over the clips. Class prototypes (GvSeg Eq. 9) and queues take the
    matched queries of the last layer in at the end of the step, from all processes.

    Args:
        config: of the recipe.
        texts: encoder of names; None teaches no classes and asks neither VSS nor VPS.
        model: only its configuration is used.

    Attributes:
        memory: queues of classes; a checkpoint keeps them.
    """

    def __init__(self, config: ObjectiveConfig, texts: TextEncoder | None, model: GvSeg) -> None:
        self._config, self._texts = config, texts
        self._losses = named_losses(config.losses.preset, config.losses.overrides)
        # Embeddings belong to a clip here, and are compared across clips and not inside.
        plain = replace(self._losses, reid=0.0, reid_aux=0.0, reid_l2p=0.0, reid_l2p_aux=0.0)
        self._criterion = Criterion(plain)
        self._classes = {name: row for row, name in enumerate(model.config.classes)}
        width = model.config.decoder.hidden
        self.memory = ClassQueues(len(self._classes), config.contrast.queue, width)

    def __call__(
        self, model: VideoModel, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """See :class:`vidseg.training.objectives.registry.Objective`."""
        assert isinstance(model, GvSeg)
        device = device_of(model)
        length = batch.images.shape[1]
        frames = min(self._config.clip_frames, length)
        features = model.encode_frames(normalised(model, batch.images))
        video = self._ask(model, batch, features, frames, rng)
        classes = class_embeddings(self._texts, batch, device)
        starts = clip_starts_apart(length, frames)
        total: dict[str, Tensor] = {}
        found = []
        for number, start in enumerate(starts):
            clip = window(features, length, start, frames)
            queries = self._queries(model, clip, frames, video, batch)
            targets = [target.clip.window(start, frames) for target in video.targets]
            tables = self._tables(model, targets, clip)
            prompts = self._prompts(video, start, frames)
            describe = _describe(targets, tables, prompts, self._losses)
            output = in_full_precision(
                model.decode(clip, frames, queries, classes, describe=describe, auxiliary=True)
            )
            if prompts is not None:
                output = _as_prompts(output)
            comparison = compare(self._criterion, output, targets, prompts, describe.made)
            found.append(_embeddings(output, comparison, video, targets, tables, prompts, number))
            for name, term in comparison.terms.items():
                share = term / len(starts)
                total[name] = total[name] + share if name in total else share
        with without_autocast(device):
            self._contrast(model, Embeddings.cat(found), total)
        return total

    def _ask(
        self,
        model: GvSeg,
        batch: ClipBatch,
        features: FrameFeatures,
        frames: int,
        rng: np.random.Generator,
    ) -> _Video:
        """Draws the task, and the exemplars of EVS on the first clip."""
        device = device_of(model)
        texts = self._texts is not None
        task = choose_kind(task_shares(self._config.tasks, batch, texts=texts), rng) or "vis"
        exemplars = None
        if task == "evs":
            visual = visual_shares(prompt_shares(self._config.prompts, batch, texts=False))
            prompts = simulate_clip_prompts(
                batch.samples, "mask", visual, None, self._config.prompts.most, rng,
                first_frames=frames,
            )  # fmt: skip
            if prompts is None:
                task = "vis"
            else:
                prompts = prompts.to(device)
                exemplars = prompts, exemplar_queries(model, features, prompts)
        targets = [task_targets(task, sample).to(device) for sample in batch.samples]
        return _Video(task, targets, self._table(batch, task).to(device), exemplars)

    def _table(self, batch: ClipBatch, task: GvSegTask) -> Tensor:
        """Row of each class of the batch among the model's classes, -1 for none."""
        needed = {"vss": batch.vocabulary, "vps": stuff_classes(batch)}.get(task, ())
        lacking = [name for name in needed if name not in self._classes]
        if lacking:
            raise RecipeError(
                f"{batch.samples[0].dataset} has the class {lacking[0]!r}, but the model keeps no "
                f"prototype of it; name it in model.overrides.classes, or give the list of this "
                f"source as model.classes."
            )
        return torch.tensor([self._classes.get(n, -1) for n in batch.vocabulary], dtype=torch.int64)

    def _queries(
        self, model: GvSeg, clip: FrameFeatures, frames: int, video: _Video, batch: ClipBatch
    ) -> InitialQueries:
        """Initial queries of one clip of each video (GvSeg Eq. 7-9)."""
        if video.exemplars is not None:
            return video.exemplars[1]
        assert video.task != "evs"
        names = {"vss": batch.vocabulary, "vps": stuff_classes(batch)}.get(video.task, ())
        return model.task_queries(video.task, clip, frames, names, _random())

    def _tables(
        self, model: GvSeg, targets: Sequence[ClipTargets], clip: FrameFeatures
    ) -> list[Tensor]:
        """Descriptors [N, C] of the targets of each clip."""
        h, w = clip.mask_features.shape[-2:]
        config, width = model.config.descriptor, model.config.decoder.hidden
        return [target_descriptors(target.masks, (h, w), config, width) for target in targets]

    def _prompts(self, video: _Video, start: int, frames: int) -> PromptTargets | None:
        """What the exemplars of EVS mean on one clip."""
        if video.exemplars is None:
            return None
        prompts = video.exemplars[0]
        shown = replace(prompts, truth=prompts.truth[:, :, start : start + frames])
        return prompt_targets(shown, [target.clip for target in video.targets])

    def _contrast(self, model: GvSeg, found: Embeddings, total: dict[str, Tensor]) -> None:
        """Adds the temporal contrastive loss; prototypes and queues take the regions in."""
        losses = self._losses
        if losses.reid > 0 or losses.reid_aux > 0:
            for name, term in contrast_terms(found, self.memory, self._config.contrast).items():
                total[name] = losses.weight(name) * term
                total["total"] = total["total"] + total[name]
        regions = found[found.semantic & (found.classes >= 0)]
        classes, values = gather_rows(regions.classes, regions.values)
        self.memory.push(classes, values)
        model.prototypes.update(classes, values, momentum=self._config.prototype_momentum)


def clip_starts_apart(video: int, clip: int) -> list[int]:
    """First frames of clips that cover a video of at least one clip; the last ends with it."""
    return [min(start, video - clip) for start in range(0, video, clip)]


def exemplar_queries(
    model: GvSeg, features: FrameFeatures, prompts: SimulatedPrompts
) -> InitialQueries:
    """Initial queries of the exemplars of B videos, each from its own key frame (GvSeg Eq. 7).

    Args:
        features: of all frames, video-major.
    """
    length = len(features) // len(prompts.regions)
    keys = [b * length + key for b, key in enumerate(prompts.keys)]
    parts = [
        model.exemplar_queries(features[slice(key, key + 1)], regions, _random())
        for key, regions in zip(keys, prompts.regions, strict=True)
    ]
    return InitialQueries(
        torch.cat([p.content for p in parts]),
        torch.cat([p.position for p in parts]),
        parts[0].described,
    )


def _random() -> torch.Generator:
    """Follows torch's global generator of the CPU."""
    return torch.Generator().manual_seed(int(torch.randint(2**62, ())))


def _describe(
    targets: Sequence[ClipTargets],
    tables: Sequence[Tensor],
    prompts: PromptTargets | None,
    losses: LossConfig,
) -> MatchedDescriptors | OwnDescriptors:
    if prompts is None:
        return MatchedDescriptors(targets, tables, losses)
    own = [_rows_or_zero(table, rows) for table, rows in zip(tables, prompts.rows, strict=True)]
    return OwnDescriptors(torch.stack(own))


def _rows_or_zero(table: Tensor, rows: Tensor) -> Tensor:
    """table [N, C] at rows [Q]; 0 for row -1."""
    return torch.cat([table, table.new_zeros(1, table.shape[1])])[rows]


def _as_prompts(output: DecoderOutput) -> DecoderOutput:
    """The same queries as prompt queries, which own their target."""
    return DecoderOutput(
        replace(output.final, learnable=0),
        tuple(replace(prediction, learnable=0) for prediction in output.auxiliary),
    )


def _embeddings(
    output: DecoderOutput,
    comparison: Comparison,
    video: _Video,
    targets: Sequence[ClipTargets],
    tables: Sequence[Tensor],
    prompts: PromptTargets | None,
    number: int,
) -> Embeddings:
    """Queries of the last layer that answer for a region of clip ``number`` of each video."""
    parts = []
    for b, target in enumerate(targets):
        if prompts is None:
            queries, matched = comparison.matches[-1][b]
            own = target.is_target.nonzero().flatten()[matched]
        else:
            queries, own = _once(prompts, b)
        all_rows, labels = video.targets[b], target.labels[own]
        table = torch.cat([video.rows, video.rows.new_tensor([-1])])  # label -1 is no class
        parts.append(
            Embeddings(
                values=output.final.embeddings[b, queries, 0],
                videos=torch.full_like(own, b),
                clips=torch.full_like(own, number),
                ids=all_rows.ids[own],
                classes=table[labels],
                semantic=all_rows.semantic[own],
                descriptors=tables[b][own],
            )
        )
    return Embeddings.cat(parts)


def _once(prompts: PromptTargets, b: int) -> tuple[Tensor, Tensor]:
    """(queries, target rows) of the exemplars of video b that the clip shows, each object once."""
    rows = prompts.rows[b]
    shown = (rows >= 0) & prompts.masks[b].flatten(1).any(1)
    before = torch.tril(rows[:, None] == rows[None], -1).any(1)
    queries = (shown & ~before).nonzero().flatten()
    return queries, rows[queries]
