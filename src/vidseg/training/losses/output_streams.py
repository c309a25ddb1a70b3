"""Predictions of both query streams taken apart, joined, and made fit for a loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, Prediction


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


def prompts_only(output: DecoderOutput) -> DecoderOutput:
    """Without the learnable queries."""
    return _each(output, lambda prediction: split_streams(prediction)[1])


def join_frames(outputs: list[DecoderOutput]) -> DecoderOutput:
    """Outputs of single frames as the output of one clip."""
    layers = zip(*([*o.auxiliary, o.final] for o in outputs), strict=True)
    joined = []
    for frames in layers:
        scores = [p.class_logits for p in frames if p.class_logits is not None]
        joined.append(
            Prediction(
                torch.cat([p.mask_logits for p in frames], dim=2),
                torch.stack(scores).mean(0) if scores else None,
                torch.cat([p.embeddings for p in frames], dim=2),
                frames[0].learnable,
            )
        )
    return DecoderOutput(joined[-1], tuple(joined[:-1]))


def join_streams(learnable: DecoderOutput, prompted: DecoderOutput) -> DecoderOutput:
    """Learnable queries and prompt queries of the same clips as one output."""

    def join(a: Prediction, b: Prediction) -> Prediction:
        classes = a.class_logits
        if classes is not None:
            unasked = classes.new_zeros(len(classes), b.mask_logits.shape[1], classes.shape[2])
            asked = unasked if b.class_logits is None else b.class_logits
            classes = torch.cat([classes, asked], dim=1)
        return Prediction(
            torch.cat([a.mask_logits, b.mask_logits], dim=1),
            classes,
            torch.cat([a.embeddings, b.embeddings], dim=1),
            a.learnable,
        )

    pairs = zip(learnable.auxiliary, prompted.auxiliary, strict=True)
    auxiliary = tuple(join(a, b) for a, b in pairs)
    return DecoderOutput(join(learnable.final, prompted.final), auxiliary)


def fold_frames(output: DecoderOutput, frames: int) -> DecoderOutput:
    """Output for B T clips of one frame as that of B clips of T frames; classes are averaged."""

    def fold(p: Prediction) -> Prediction:
        masks, embeddings = (
            x.unflatten(0, (-1, frames)).squeeze(3).transpose(1, 2)
            for x in (p.mask_logits, p.embeddings)
        )
        classes = p.class_logits
        if classes is not None:
            classes = classes.unflatten(0, (-1, frames)).mean(1)
        return Prediction(masks, classes, embeddings, p.learnable)

    return DecoderOutput(fold(output.final), tuple(fold(p) for p in output.auxiliary))


def in_full_precision(output: DecoderOutput) -> DecoderOutput:
    """16-bit values of autocast as 32-bit ones: losses sum over many points."""

    def raise_one(x: Tensor) -> Tensor:
        return x.float() if x.element_size() < 4 else x

    def raise_all(p: Prediction) -> Prediction:
        classes = None if p.class_logits is None else raise_one(p.class_logits)
        return Prediction(raise_one(p.mask_logits), classes, raise_one(p.embeddings), p.learnable)

    return _each(output, raise_all)


def without_autocast(device: torch.device) -> torch.autocast:
    """Context in which losses keep the precision of what they are given."""
    return torch.autocast(device.type, enabled=False)


def _each(output: DecoderOutput, change: Callable[[Prediction], Prediction]) -> DecoderOutput:
    return DecoderOutput(change(output.final), tuple(change(p) for p in output.auxiliary))
