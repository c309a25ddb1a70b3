"""The training loss of UniVS: all terms, over all predictions and both query streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..models.tensors import DecoderOutput, Prediction
from .class_loss import class_loss
from .distributed import mean_over_ranks
from .loss_config import LossConfig
from .mask_loss import mask_losses, share_inside
from .matcher import assign, matching_cost, sample_clip_masks
from .point_sampling import random_points, uncertain_points
from .reid_terms import StreamReid, reid_between
from .semantic_loss import semantic_loss, semantic_points
from .targets import ClipTargets, PromptTargets, clip_columns, local_labels

Terms = dict[str, Tensor]

__all__ = ["Criterion", "LossConfig", "split_streams"]


class Criterion(nn.Module):
    """Loss of a decoder output.

    Learnable queries are matched to the clip's targets anew for each prediction; prompt queries
    know theirs. A term that both streams have is the mean of the two.

    Mask and dice are divided by the mean number of targets (or prompts) over all processes of a
    run, so that processes together give what one would with all their clips. The released code
    does the same, but never divides by less than one target. The other terms are means inside
    each process.

    Args:
        average: mean of a tensor of counts over the processes; called once a forward pass.
    """

    def __init__(
        self, config: LossConfig, average: Callable[[Tensor], Tensor] = mean_over_ranks
    ) -> None:
        super().__init__()
        self.config = config
        self._average = average

    def forward(
        self,
        output: DecoderOutput,
        clips: Sequence[ClipTargets],
        prompts: PromptTargets | None = None,
        generator: torch.Generator | None = None,
    ) -> Terms:
        """Compares all predictions with the targets.

        Args:
            output: of B clips. Without learnable queries only the prompts are supervised.
            clips: targets of the B clips.
            prompts: targets of the prompt queries; None if there are none.
            generator: source of the random points.

        Returns:
            Weighted terms by name, summed over the predictions, and their sum ``"total"``.
        """
        targets = [clip.instances() for clip in clips]
        counts = self._counts(targets, prompts)
        total: Terms = {}
        predictions = [*((p, self.config.auxiliary) for p in output.auxiliary), (output.final, 1.0)]
        for prediction, weight in predictions:
            if weight == 0:
                continue
            terms = self._prediction(prediction, clips, targets, prompts, counts, generator)
            for name, term in terms.items():
                scaled = weight * self.config.weight(name) * term
                total[name] = total[name] + scaled if name in total else scaled
        zero = output.final.mask_logits.sum() * 0
        total["total"] = sum(total.values(), zero)
        return total

    def _counts(
        self, targets: Sequence[ClipTargets], prompts: PromptTargets | None
    ) -> tuple[float, float]:
        """(mask, frame) pairs of targets and of prompts, averaged over the processes.

        Counted once and before anything depends on the data of this process, so that all
        processes meet here.
        """
        wanted = sum(len(t.masks) * t.masks.shape[1] for t in targets if t.exhaustive)
        asked = 0 if prompts is None else prompts.rows.numel() * prompts.masks.shape[2]
        counts = torch.tensor([wanted, asked], dtype=torch.float64)
        learnable, prompted = self._average(counts).tolist()
        return learnable, prompted

    def _prediction(
        self,
        prediction: Prediction,
        clips: Sequence[ClipTargets],
        targets: Sequence[ClipTargets],
        prompts: PromptTargets | None,
        counts: tuple[float, float],
        generator: torch.Generator | None,
    ) -> Terms:
        """Unweighted terms of one prediction."""
        learnable, asked = split_streams(prediction)
        streams: list[Terms] = []
        found: list[tuple[Tensor, Tensor]] = []
        if learnable.mask_logits.shape[1]:
            found, terms = self._learnable(learnable, clips, targets, counts[0], generator)
            streams.append(terms)
        if prompts is not None and asked.mask_logits.shape[1]:
            streams.append(self._prompted(asked, clips, prompts, counts[1], generator))
            if found:
                streams.append(reid_between(self.config, learnable, asked, found, clips, prompts))
        names = dict.fromkeys(name for terms in streams for name in terms)
        present = {name: [terms[name] for terms in streams if name in terms] for name in names}
        return {name: torch.stack(values).mean() for name, values in present.items()}

    def _learnable(
        self,
        prediction: Prediction,
        clips: Sequence[ClipTargets],
        targets: Sequence[ClipTargets],
        wanted: float,
        generator: torch.Generator | None,
    ) -> tuple[list[tuple[Tensor, Tensor]], Terms]:
        """Matches (query rows, target rows) of every clip, and the terms of the stream."""
        found, classes, counts, logits, masks = [], [], [], [], []
        reid = StreamReid(self.config)
        for b, (clip, target) in enumerate(zip(clips, targets, strict=True)):
            columns = clip_columns(prediction.class_logits, b, clip)
            labels = local_labels(target.labels, clip.columns)
            if not clip.exhaustive:
                empty = torch.zeros(0, dtype=torch.int64, device=labels.device)
                found.append((empty, empty))
                continue
            rows, matched, spare = self._match(
                prediction.mask_logits[b], columns, clip, target, labels, generator
            )
            found.append((rows, matched))
            logits.append(prediction.mask_logits[b, rows].flatten(0, 1))
            masks.append(target.masks[matched].flatten(0, 1))
            if columns is not None and self.config.classes > 0:
                known = labels[matched] >= 0
                weights = _entry_weights(columns, rows, ~known, spare)
                classes.append(
                    self._class_loss(columns, rows[known], labels[matched][known], weights)
                )
                counts.append(int(known.sum()))
            embeddings = prediction.embeddings[b, rows]
            reid.add(embeddings, matched, target.masks[matched].flatten(2).any(2))
        terms = self._mask_terms(logits, masks, generator, wanted)
        if sum(counts):
            share = torch.tensor(counts, dtype=torch.float32, device=classes[0].device)
            terms["classes"] = (torch.stack(classes) * share).sum() / share.sum()
        elif classes:  # clips without objects still teach what is not there
            terms["classes"] = torch.stack(classes).mean()
        return found, terms | reid.terms()

    def _match(
        self,
        mask_logits: Tensor,
        class_logits: Tensor | None,
        clip: ClipTargets,
        target: ClipTargets,
        labels: Tensor,
        generator: torch.Generator | None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """(query rows, target rows, [Q, K] entries inside a group of that class)."""
        with torch.no_grad():
            points = random_points(
                self.config.match_points, device=mask_logits.device, generator=generator
            )
            predicted = sample_clip_masks(mask_logits, points)
            wanted = sample_clip_masks(target.masks.to(predicted.dtype), points)
            cost = matching_cost(predicted, wanted, class_logits, labels, self.config.match)
            rows, matched = assign(cost)
            groups = clip.is_group & (clip.labels >= 0)
            if class_logits is None or not self.config.spare_groups or not bool(groups.any()):
                return rows, matched, None
            regions = sample_clip_masks(clip.masks[groups].to(predicted.dtype), points)
            inside = share_inside(predicted, regions) > 0.5  # [Q, G]
            spare = torch.zeros_like(class_logits)
            columns = local_labels(clip.labels[groups], clip.columns)
            spare.index_add_(1, columns, inside.to(spare.dtype))
            return rows, matched, spare > 0

    def _prompted(
        self,
        prediction: Prediction,
        clips: Sequence[ClipTargets],
        prompts: PromptTargets,
        asked: float,
        generator: torch.Generator | None,
    ) -> Terms:
        """Terms of the prompt queries."""
        config = self.config
        supervised = prompts.rows >= 0
        present = prompts.masks.flatten(3).any(3)  # [B, Q, T]
        if prompts.kind == "category" and not config.absent_categories:
            supervised = supervised & present.any(2)
        terms = self._mask_terms(
            [prediction.mask_logits[supervised].flatten(0, 1)],
            [prompts.masks[supervised].flatten(0, 1)],
            generator,
            asked,
        )
        classes, counts, semantic = [], [], []
        reid = StreamReid(self.config)
        for b, clip in enumerate(clips):
            columns = clip_columns(prediction.class_logits, b, clip)
            if columns is not None and config.classes > 0 and prompts.kind != "expression":
                labels = local_labels(prompts.labels[b], clip.columns)
                rows = (supervised[b] & present[b].any(1) & (labels >= 0)).nonzero().flatten()
                unknown = (supervised[b] & (labels < 0)).nonzero().flatten()
                weights = torch.ones_like(columns)
                weights[unknown] = 0
                classes.append(self._class_loss(columns, rows, labels[rows], weights))
                counts.append(max(1, len(rows)))
            if prompts.kind == "category" and config.semantic > 0:
                semantic.append(self._semantic(prediction.mask_logits[b], prompts, b, generator))
            kept = supervised[b].nonzero().flatten()
            reid.add(prediction.embeddings[b, kept], prompts.rows[b, kept], present[b, kept])
        if classes:
            share = torch.tensor(counts, dtype=torch.float32, device=classes[0].device)
            terms["classes"] = (torch.stack(classes) * share).sum() / share.sum()
        if semantic:
            terms["semantic"] = torch.stack(semantic).mean()
        return terms | reid.terms()

    def _semantic(
        self, logits: Tensor, prompts: PromptTargets, b: int, generator: torch.Generator | None
    ) -> Tensor:
        rows = _first_of_each(prompts.rows[b])
        masks = prompts.masks[b, rows]
        seen = masks.flatten(1).any(1).nonzero().flatten()
        points = semantic_points(
            logits[rows],
            self.config.points,
            oversample=self.config.oversample,
            importance=self.config.importance,
            generator=generator,
        )
        return semantic_loss(logits[rows], seen, masks[seen], points)

    def _class_loss(
        self, logits: Tensor, rows: Tensor, labels: Tensor, weights: Tensor | None
    ) -> Tensor:
        return class_loss(
            logits, rows, labels, cross_entropy=self.config.cross_entropy, weights=weights
        )

    def _mask_terms(
        self,
        logits: Sequence[Tensor],
        masks: Sequence[Tensor],
        generator: torch.Generator | None,
        count: float,
    ) -> Terms:
        """Mask and dice of (mask, frame) pairs, divided by ``count``."""
        config = self.config
        pairs = sum(len(part) for part in logits)
        if not pairs or (config.mask <= 0 and config.dice <= 0):
            return {}
        joined = torch.cat(list(logits))
        points = uncertain_points(
            joined,
            config.points,
            oversample=config.oversample,
            importance=config.importance,
            generator=generator,
        )
        truth = torch.cat(list(masks)).to(joined.dtype)
        entropy, dice = mask_losses(joined, truth, points)
        return {"mask": entropy / count, "dice": dice / count}


def split_streams(prediction: Prediction) -> tuple[Prediction, Prediction]:
    """The learnable and the prompt queries of a prediction."""
    n = prediction.learnable
    logits = prediction.class_logits
    parts = [
        Prediction(
            prediction.mask_logits[:, rows],
            None if logits is None else logits[:, rows],
            prediction.embeddings[:, rows],
            count,
        )
        for rows, count in ((slice(0, n), n), (slice(n, None), 0))
    ]
    return parts[0], parts[1]


def _entry_weights(logits: Tensor, rows: Tensor, unknown: Tensor, spare: Tensor | None) -> Tensor:
    """[Q, K]: 0 for queries matched to objects without category and for spared entries."""
    weights = torch.ones_like(logits)
    if spare is not None:
        weights[spare] = 0
        weights[rows] = 1
    weights[rows[unknown]] = 0
    return weights


def _first_of_each(rows: Tensor) -> Tensor:
    """Indices of the first prompt of each identity, without cyclic copies and -1."""
    indices = [int((rows == value).nonzero()[0]) for value in torch.unique(rows) if value >= 0]
    return torch.tensor(indices, dtype=torch.int64, device=rows.device)
