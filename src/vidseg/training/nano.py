"""Trains the default model on one machine: ``python -m vidseg.training.nano --data FOLDER``.

The plainest honest loop: a step of clips, then a step of as many single frames, each step from one
dataset; learnable queries matched by the Hungarian algorithm, prompt queries with the object they
were made from, frame by frame as in a stream.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ..datasets.collate import ClipBatch
from ..datasets.schema import ClipSample
from ..models.static_text import StaticTextEncoder
from ..models.tensors import PromptKind
from ..models.univs import UniVS
from ..vocabularies import get_vocabulary
from .criterion import Criterion, LossConfig
from .nano_setup import (
    NanoTraining,
    batches,
    calibrate,
    learning_rate,
    optimiser,
    start_model,
)
from .prompt_simulation import (
    SimulatedPrompts,
    VisualKind,
    simulate_categories,
    simulate_expressions,
    simulate_visual,
    single_objects,
)
from .rollout import fold_frames, join_streams, read_loss, roll_out
from .targets import ClipTargets, PromptTargets

# How often each kind of prompt is simulated: clips teach to follow, single frames to find.
Shares = dict[VisualKind | Literal["category", "expression"], float]
CLIP_SHARES: Shares = {
    "mask": 0.56,
    "box": 0.14,
    "point": 0.1,
    "scribble": 0.04,
    "category": 0.04,
    "expression": 0.12,
}
STILL_SHARES: Shares = {
    "box": 0.44,
    "point": 0.2,
    "scribble": 0.06,
    "category": 0.1,
    "expression": 0.2,
}
READ_WEIGHT = 5.0
LOSSES = LossConfig(
    classes=2.0, points=1024, match_points=512, semantic=2.0, absent_categories=True
)


def simulate(
    batch: ClipBatch, encoder: StaticTextEncoder, settings: NanoTraining, rng: np.random.Generator
) -> SimulatedPrompts:
    """Prompts of one random kind that the batch allows."""
    still = batch.images.shape[1] == 1
    shares = STILL_SHARES if still else CLIP_SHARES
    kinds = list(shares)
    kind = kinds[rng.choice(len(kinds), p=list(shares.values()))]
    prompts: SimulatedPrompts | None = None
    if kind == "category" and batch.vocabulary:
        prompts = simulate_categories(batch.samples, encoder, settings.prompts, rng)
    elif kind == "expression":
        prompts = simulate_expressions(batch.samples, encoder, settings.prompts, rng)
    if prompts is not None:
        return prompts
    fallback: VisualKind = "box" if still else "mask"
    visual = fallback if kind == "category" or kind == "expression" else kind
    return simulate_visual(batch.samples, visual, settings.prompts, rng)


def train_step(
    model: UniVS,
    criterion: Criterion,
    batch: ClipBatch,
    prompts: SimulatedPrompts,
    encoder: StaticTextEncoder,
    settings: NanoTraining,
    *,
    detect: bool,
) -> tuple[Tensor, dict[str, float]]:
    """Total loss of one batch, and its parts for the log; ``detect``: learnable queries too."""
    mean, std = (
        torch.tensor(v)[:, None, None] for v in (model.config.pixel_mean, model.config.pixel_std)
    )
    images = (batch.images.flatten(0, 1).float() - mean) / std
    maps = model.backbone(images.contiguous(memory_format=torch.channels_last))
    # Only visual prompts tune the backbone. Names and classes make all pixels of a class alike,
    # and then the affinity of pixels no longer says which of them is which.
    frozen = model.encode_maps(
        (maps[0].detach(), maps[1].detach(), maps[2].detach(), maps[3].detach())
    )
    features = frozen if prompts.words is not None else model.encode_maps(maps)
    classes = encoder.encode_names(batch.vocabulary) if batch.vocabulary else None
    still = torch.zeros(len(frozen), 1, dtype=torch.long)
    output, reads = roll_out(model, features, prompts, settings.tokens, classes)
    if detect:
        learnable = model.decode(frozen, still, None, classes)
        output = join_streams(fold_frames(learnable, batch.images.shape[1]), output)
    terms = criterion(
        output,
        [clip_targets(sample) for sample in batch.samples],
        prompt_targets(batch, prompts),
    )
    if reads is not None:
        terms["read"] = READ_WEIGHT * read_loss(reads, prompts.truth)
        terms["total"] = terms["total"] + terms["read"]
    return terms["total"], {name: float(term.detach()) for name, term in terms.items()}


def clip_targets(sample: ClipSample) -> ClipTargets:
    """Targets of the learnable queries: single objects and stuff.

    Where things are not told apart at all (street scenes), each class is one region.
    """
    targets = ClipTargets.from_sample(sample)
    if bool(sample.is_group[sample.is_thing].all()) and not bool(sample.is_thing.all()):
        return replace(targets, is_group=torch.zeros_like(sample.is_group))
    return replace(targets, is_group=~single_objects(sample))


def prompt_targets(batch: ClipBatch, prompts: SimulatedPrompts) -> PromptTargets:
    """Targets of the prompt queries."""
    if prompts.kind == "category":
        return PromptTargets("category", prompts.truth, prompts.rows, prompts.rows)
    labels = torch.full_like(prompts.rows, -1)
    for b, sample in enumerate(batch.samples):
        known = prompts.rows[b] >= 0
        labels[b, known] = sample.labels[prompts.rows[b][known]]
    kind: PromptKind = "expression" if prompts.kind == "expression" else "visual"
    return PromptTargets(kind, prompts.truth, prompts.rows, labels)


def train(settings: NanoTraining, data: Path, out: Path, earlier: Path | None = None) -> None:
    """Runs the schedule; ``out`` gets the averaged model every few minutes and a log."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    rng = np.random.default_rng(settings.seed)
    encoder = StaticTextEncoder()
    stream = batches(settings, data)
    names = encoder.encode_names(get_vocabulary("coco").texts)
    model = start_model(names, earlier).train()
    average = copy.deepcopy(model).eval()
    criterion = Criterion(LOSSES)
    optimizer = optimiser(model, settings)
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=1) + "\n")
    started, saved = time.monotonic(), 0.0
    log = (out / "log.jsonl").open("a", buffering=1)
    for step, batch in enumerate(stream):
        progress = (time.monotonic() - started) / (60 * settings.minutes)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress, settings) * group["scale"]
        prompts = simulate(batch, encoder, settings, rng)
        loss, parts = train_step(
            model, criterion, batch, prompts, encoder, settings, detect=step % 3 == 0
        )
        if not torch.isfinite(loss):
            raise RuntimeError(
                f"loss is {loss.item()} at step {step} on {batch.samples[0].dataset}"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_gradient)
        optimizer.step()
        decay = min(settings.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for kept, new in zip(average.parameters(), model.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        minutes = (time.monotonic() - started) / 60
        log.write(
            json.dumps(
                {
                    "step": step,
                    "minutes": round(minutes, 2),
                    "data": batch.samples[0].dataset,
                    "prompt": prompts.kind,
                    **{k: round(v, 4) for k, v in parts.items()},
                }
            )
            + "\n"
        )
        if minutes - saved >= 5:
            average.save_pretrained(out, half=True)
            saved = minutes
    assert average.propagation is not None
    calibrate(average.propagation)
    average.save_pretrained(out, half=True)
    log.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vidseg.training.nano", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the training sets")
    parser.add_argument("--out", type=Path, default=Path("runs/nano"))
    parser.add_argument("--start", type=Path, help="model folder to go on from")
    parser.add_argument("--minutes", type=float, default=NanoTraining.minutes)
    parser.add_argument("--threads", type=int, default=NanoTraining.threads)
    parser.add_argument("--seed", type=int, default=NanoTraining.seed)
    options = parser.parse_args()
    settings = NanoTraining(minutes=options.minutes, threads=options.threads, seed=options.seed)
    train(settings, options.data, options.out, options.start)


if __name__ == "__main__":
    main()
