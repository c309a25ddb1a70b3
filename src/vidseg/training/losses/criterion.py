"""The training loss (UniVS Eq. 5): all terms, over all predictions and both query streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...models.decoder.tensors import DecoderOutput, Prediction
from ..parallel.processes import mean_over_ranks
from .class_loss import class_loss, entry_weights
from .config import LossConfig
from .mask_loss import mask_losses
from .matcher import Assignment, assign_clip
from .output_streams import split_streams
from .point_sampling import uncertain_points
from .reid_terms import StreamReid, reid_between
from .semantic_loss import competition
from .targets import ClipTargets, PromptTargets, clip_columns, local_labels

Terms = dict[str, Tensor]
Matches = list[tuple[Tensor, Tensor]]
"""Of each clip: learnable queries [M] and the rows [M] that they are matched to, counted among the
clip's ``instances()``."""

__all__ = ["Comparison", "Criterion", "LossConfig", "split_streams"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A loss and the matches of learnable queries that it was computed with.

    Attributes:
        terms: as of :meth:`Criterion.forward`.
        matches: of each prediction, the final one last; empty where none were made.
    """

    terms: Terms
    matches: tuple[Matches, ...]


class Criterion(nn.Module):
    """Loss of a decoder output.

    Learnable queries are matched to the clip's targets for each prediction separately; the targets
    of prompt queries are given. A term that both streams have is the mean of the two.

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
        return self.compare(output, clips, prompts, generator).terms

    def compare(
        self,
        output: DecoderOutput,
        clips: Sequence[ClipTargets],
        prompts: PromptTargets | None = None,
        generator: torch.Generator | None = None,
        made: Sequence[Sequence[Assignment]] = (),
    ) -> Comparison:
        """As :meth:`forward`, with the matches.

        Args:
            made: assignments of all clips that exist already, for the first predictions.
        """
        targets = [clip.instances() for clip in clips]
        counts = self._counts(targets, prompts)
        total: Terms = {}
        matches: list[Matches] = []
        predictions = [*((p, self.config.auxiliary) for p in output.auxiliary), (output.final, 1.0)]
        for number, (prediction, weight) in enumerate(predictions):
            if weight == 0:
                matches.append([])
                continue
            own = made[number] if number < len(made) else ()
            found, terms = self._prediction(
                prediction, clips, targets, prompts, counts, own, generator
            )
            matches.append(found)
            for name, term in terms.items():
                scaled = weight * self.config.weight(name) * term
                total[name] = total[name] + scaled if name in total else scaled
        zero = output.final.mask_logits.sum() * 0
        total["total"] = sum(total.values(), zero)
        return Comparison(total, tuple(matches))

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
        made: Sequence[Assignment],
        generator: torch.Generator | None,
    ) -> tuple[Matches, Terms]:
        """Matches and unweighted terms of one prediction."""
        learnable, asked = split_streams(prediction)
        streams: list[Terms] = []
        found: Matches = []
        if learnable.mask_logits.shape[1]:
            found, terms = self._learnable(learnable, clips, targets, counts[0], made, generator)
            streams.append(terms)
        if prompts is not None and asked.mask_logits.shape[1]:
            streams.append(self._prompted(asked, clips, prompts, counts[1], generator))
            if found:
                streams.append(reid_between(self.config, learnable, asked, found, clips, prompts))
        names = dict.fromkeys(name for terms in streams for name in terms)
        present = {name: [terms[name] for terms in streams if name in terms] for name in names}
        return found, {name: torch.stack(values).mean() for name, values in present.items()}

    def _learnable(
        self,
        prediction: Prediction,
        clips: Sequence[ClipTargets],
        targets: Sequence[ClipTargets],
        wanted: float,
        made: Sequence[Assignment],
        generator: torch.Generator | None,
    ) -> tuple[Matches, Terms]:
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
            own = made[b] if made else assign_clip(prediction, b, clip, self.config, generator)
            rows, matched = own.queries, own.targets
            found.append((rows, matched))
            logits.append(prediction.mask_logits[b, rows].flatten(0, 1))
            masks.append(target.masks[matched].flatten(0, 1))
            if columns is not None and self.config.classes > 0:
                known = labels[matched] >= 0
                weights = entry_weights(columns, rows, ~known, own.spare)
                classes.append(
                    self._class_loss(columns, rows[known], labels[matched][known], weights)
                )
                counts.append(int(known.sum()))
            embeddings = prediction.embeddings[b, rows]
            reid.add(embeddings, matched, target.masks[matched].flatten(2).any(2))
        terms = self._mask_terms(logits, masks, generator, wanted)
        if sum(counts):
            terms["classes"] = _weighted(classes, counts)
        elif classes:  # clips without objects still teach what is not there
            terms["classes"] = torch.stack(classes).mean()
        return found, terms | reid.terms()

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
                answers = prediction.mask_logits[b]
                semantic.append(
                    competition(answers, prompts.masks[b], prompts.rows[b], config, generator)
                )
            kept = supervised[b].nonzero().flatten()
            reid.add(prediction.embeddings[b, kept], prompts.rows[b, kept], present[b, kept])
        if classes:
            terms["classes"] = _weighted(classes, counts)
        if semantic:
            terms["semantic"] = torch.stack(semantic).mean()
        return terms | reid.terms()

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


def _weighted(losses: Sequence[Tensor], counts: Sequence[int]) -> Tensor:
    """Mean of losses, weighted by how many queries each has."""
    share = torch.tensor(counts, dtype=torch.float32, device=losses[0].device)
    return (torch.stack(list(losses)) * share).sum() / share.sum()
