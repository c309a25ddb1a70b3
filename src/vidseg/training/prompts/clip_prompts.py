"""Prompts for a clip that is decoded as a whole: any key frame, one kind of prompt per object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...datasets.clips.schema import ClipSample
from ...models.prompts.drawn_map import map_of_mask
from ...models.prompts.regions import VisualRegions
from ...models.text.encoder import TextEncoder
from ..recipe.objective import PromptForm
from .simulation import (
    SimulatedPrompts,
    VisualKind,
    draw_prompts,
    repeat_rows,
    simulate_categories,
    simulate_expressions,
    take_masks,
    visible_rows,
)

VisualShares = Mapping[VisualKind, float]


def simulate_clip_prompts(
    samples: Sequence[ClipSample],
    kind: PromptForm,
    shares: VisualShares,
    texts: TextEncoder | None,
    most: int,
    rng: np.random.Generator,
    *,
    first_frames: int | None = None,
) -> SimulatedPrompts | None:
    """Prompts of one kind for B clips; None where no clip has anything to prompt.

    Args:
        kind: of text, taken as it is; any visual kind stands for all of ``shares``.
        shares: of the visual kinds; each object draws its own.
        texts: needed for text.
        most: Q at most.
        first_frames: visual prompts are given on one of the first ``first_frames`` frames; None for
            all frames.
    """
    if kind == "category":
        assert texts is not None
        return simulate_categories(samples, texts, most, rng)
    if kind == "expression":
        assert texts is not None
        count = min(max(len(sample.expressions) for sample in samples), most)
        return simulate_expressions(samples, texts, count, rng) if count else None
    return _visual(samples, shares, most, rng, first_frames)


def prompt_window(
    prompts: SimulatedPrompts,
    first: int,
    frames: int,
    shares: VisualShares,
    rng: np.random.Generator,
) -> SimulatedPrompts:
    """Prompts for the same objects on ``frames`` frames from ``first`` on.

    New visual prompts are drawn on a random frame of the window that shows one of the objects;
    objects that are not there get no region. Truth is cut to the window.
    """
    truth = prompts.truth[:, :, first : first + frames]
    if prompts.words is not None:
        return replace(prompts, truth=truth)
    keys = tuple(_shown_frame(masks, rng) for masks in truth)
    return _drawn(truth, prompts.rows, keys, shares, rng)


def prompt_answers(
    prompts: SimulatedPrompts, answers: Tensor, first: int, frames: int, key: int
) -> SimulatedPrompts:
    """Visual prompts for a window that are what a model found on its frame ``key``.

    Args:
        answers: [B, Q, H, W] bool.
    """
    shown = answers.flatten(2).any(2)[:, :, None, None]
    return SimulatedPrompts(
        "visual",
        prompts.truth[:, :, first : first + frames],
        prompts.rows,
        tuple(VisualRegions.from_masks(masks) for masks in answers),
        torch.where(shown, map_of_mask(answers), 0.0),
        None,
        (key,) * len(answers),
    )


def _visual(
    samples: Sequence[ClipSample],
    shares: VisualShares,
    most: int,
    rng: np.random.Generator,
    first_frames: int | None,
) -> SimulatedPrompts | None:
    found = [_key_and_rows(sample, rng, first_frames) for sample in samples]
    Q = min(max(len(rows) for _, rows in found), most)
    if not Q:
        return None
    rows = torch.stack([repeat_rows(rows[:Q], Q) for _, rows in found])
    truth = torch.stack([take_masks(s, r) for s, r in zip(samples, rows, strict=True)])
    return _drawn(truth, rows, tuple(key for key, _ in found), shares, rng)


def _key_and_rows(
    sample: ClipSample, rng: np.random.Generator, first_frames: int | None
) -> tuple[int, Tensor]:
    """A random frame that shows single objects, and these; frame 0 and none without one."""
    T = sample.masks.shape[1]
    nobody = torch.zeros(0, dtype=torch.int64)
    for key in rng.permutation(min(first_frames or T, T)).tolist():
        rows = visible_rows(sample, key, rng)
        if len(rows):
            return key, rows
    return 0, nobody


def _shown_frame(masks: Tensor, rng: np.random.Generator) -> int:
    """A random frame of [Q, T, H, W] that shows something; 0 without one."""
    frames = masks.flatten(2).any(2).any(0).nonzero().flatten()
    return int(frames[int(rng.integers(len(frames)))]) if len(frames) else 0


def _drawn(
    truth: Tensor,
    rows: Tensor,
    keys: tuple[int, ...],
    shares: VisualShares,
    rng: np.random.Generator,
) -> SimulatedPrompts:
    drawn = [_draw_mixed(masks[:, k], shares, rng) for masks, k in zip(truth, keys, strict=True)]
    regions = tuple(region for region, _ in drawn)
    return SimulatedPrompts(
        "visual", truth, rows, regions, torch.stack([m for _, m in drawn]), None, keys
    )


def _draw_mixed(
    masks: Tensor, shares: VisualShares, rng: np.random.Generator
) -> tuple[VisualRegions, Tensor]:
    """As ``draw_prompts``, each of the masks [Q, H, W] in a way of its own."""
    kinds = list(shares)
    weights = np.array([shares[kind] for kind in kinds])
    choice = torch.from_numpy(rng.choice(len(kinds), size=len(masks), p=weights / weights.sum()))
    Q, H, W = masks.shape
    cells = torch.zeros_like(masks)
    maps = torch.zeros(Q, H // 8, W // 8)
    boxes, box_rows, points, point_rows = [], [], [], []
    for number, kind in enumerate(kinds):
        members = (choice == number).nonzero().flatten()
        if not len(members):
            continue
        regions, maps[members] = draw_prompts(masks[members], kind, rng)
        if regions.masks is not None:
            cells[members] = regions.masks
        boxes.append(regions.boxes)
        box_rows.append(members[regions.box_rows])
        points.append(regions.points)
        point_rows.append(members[regions.point_rows])
    merged = VisualRegions(
        Q, (H, W), cells, torch.cat(boxes), torch.cat(box_rows), torch.cat(points),
        torch.cat(point_rows),
    )  # fmt: skip
    return merged, maps
