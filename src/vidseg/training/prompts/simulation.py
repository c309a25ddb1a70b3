"""Prompts that a user could have given for a training clip (UniVS §4.1; scribbles included)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import distance_transform_edt, label
from torch import Tensor

from ...datasets.clips.schema import ClipSample
from ...models.prompts.drawn_map import map_of_box, map_of_mask, map_of_point
from ...models.prompts.regions import VisualRegions, rasterise_stroke
from ...models.text.encoder import TextEncoder

VisualKind = Literal["mask", "box", "point", "scribble"]
SimulatedKind = Literal["mask", "box", "point", "scribble", "visual", "category", "expression"]

LEAST_PIXELS = 16
"""Smaller regions are not prompted."""
_CLICK_SIDE = 256  # depth inside larger masks is measured on every n-th pixel


@dataclass(frozen=True, eq=False)
class SimulatedPrompts:
    """Q prompts for each of B clips, all of one kind.

    Attributes:
        kind: what they are; ``visual``: masks, boxes, points and scribbles side by side.
        truth: [B, Q, T, H, W] bool, the masks to be found; all False for an absent category.
        rows: [B, Q] row of the clip's targets, -1 for none; repeated to fill the batch.
        regions: per clip, where visual prompts lie; empty for text.
        drawn: [B, Q, H/8, W/8] soft maps of visual prompts; zero for text.
        words: [B, Q, L, D_t] text features, the sentence or name first; None for visual ones.
    """

    kind: SimulatedKind
    truth: Tensor
    rows: Tensor
    regions: tuple[VisualRegions, ...]
    drawn: Tensor
    words: Tensor | None
    keys: tuple[int, ...] = ()
    """Frame of each clip that visual prompts are given on; empty: the first one."""

    def to(self, device: torch.device) -> SimulatedPrompts:
        """The same on another device."""
        return replace(
            self,
            truth=self.truth.to(device),
            rows=self.rows.to(device),
            regions=tuple(_regions_to(region, device) for region in self.regions),
            drawn=self.drawn.to(device),
            words=None if self.words is None else self.words.to(device),
        )


def _regions_to(regions: VisualRegions, device: torch.device) -> VisualRegions:
    return replace(
        regions,
        masks=None if regions.masks is None else regions.masks.to(device),
        boxes=regions.boxes.to(device),
        box_rows=regions.box_rows.to(device),
        points=regions.points.to(device),
        point_rows=regions.point_rows.to(device),
    )


def simulate_visual(
    samples: Sequence[ClipSample], kind: VisualKind, most: int, rng: np.random.Generator
) -> SimulatedPrompts:
    """Up to ``most`` single objects or stuff regions of each clip that its first frame shows."""
    chosen = [visible_rows(sample, 0, rng)[:most] for sample in samples]
    Q = max(max(len(rows) for rows in chosen), 1)
    rows = torch.stack([repeat_rows(r, Q) for r in chosen])
    truth = torch.stack([take_masks(s, r) for s, r in zip(samples, rows, strict=True)])
    regions, drawn = zip(*(draw_prompts(first, kind, rng) for first in truth[:, :, 0]), strict=True)
    return SimulatedPrompts(kind, truth, rows, tuple(regions), torch.stack(drawn), None)


def simulate_categories(
    samples: Sequence[ClipSample], encoder: TextEncoder, most: int, rng: np.random.Generator
) -> SimulatedPrompts:
    """The classes of each clip and absent ones, ``most`` in all. ``rows`` are class labels."""
    vocabulary = samples[0].vocabulary
    table = encoder.encode_names(vocabulary)
    rows, truth = [], []
    for sample in samples:
        labels, masks = sample.class_masks()
        kept = torch.from_numpy(rng.permutation(len(labels)))[: max(most - 1, 1)]
        absent = np.setdiff1d(np.arange(len(vocabulary)), labels.numpy())
        extra = torch.from_numpy(rng.permutation(absent))[: most - len(kept)]
        rows.append(repeat_rows(torch.cat([labels[kept], extra]), most))
        blank = masks.new_zeros((len(extra), *sample.masks.shape[1:]))
        order = repeat_rows(torch.arange(len(kept) + len(extra)), most)
        truth.append(torch.cat([masks[kept], blank])[order])
    labels = torch.stack(rows)
    return text_prompts("category", torch.stack(truth), labels, table[labels][:, :, None])


def simulate_expressions(
    samples: Sequence[ClipSample], encoder: TextEncoder, count: int, rng: np.random.Generator
) -> SimulatedPrompts:
    """``count`` sentences of each clip in random order, repeated where a clip has fewer.

    A clip without any is asked nothing; some clip must have one.
    """
    rows, truth, texts = [], [], []
    for sample in samples:
        order = torch.from_numpy(rng.permutation(len(sample.expressions)))
        picked = [
            sample.expressions[k] if k >= 0 else None for k in repeat_rows(order, count).tolist()
        ]
        texts += [expression.text for expression in picked if expression is not None]
        rows.append(torch.tensor([-1 if e is None else e.target for e in picked]))
        truth.append(take_masks(sample, rows[-1]))
    features = encoder.encode_sentences(texts)
    found = torch.cat([features.sentence[:, None], features.words], dim=1)
    words = found.new_zeros(len(samples), count, *found.shape[1:])
    words[torch.stack(rows) >= 0] = found
    return text_prompts("expression", torch.stack(truth), torch.stack(rows), words)


def text_prompts(
    kind: Literal["category", "expression"], truth: Tensor, rows: Tensor, words: Tensor
) -> SimulatedPrompts:
    B, Q, _, H, W = truth.shape
    return SimulatedPrompts(kind, truth, rows, (), torch.zeros(B, Q, H // 8, W // 8), words)


def single_objects(sample: ClipSample, frame: int = 0) -> Tensor:
    """[N] bool: regions that count as one object, by what a frame shows of them.

    A region that may hold several instances, but is in one piece, counts: in stills of one class
    it nearly always is one.
    """
    return torch.tensor(
        [
            not is_group or label(mask[frame].numpy())[1] == 1
            for is_group, mask in zip(sample.is_group.tolist(), sample.masks, strict=True)
        ],
        dtype=torch.bool,
    )


def visible_rows(sample: ClipSample, frame: int, rng: np.random.Generator) -> Tensor:
    """Single objects that a frame shows enough of to be prompted there, in random order."""
    pixels = [np.count_nonzero(mask[frame].numpy()) for mask in sample.masks]
    usable = torch.tensor(pixels, dtype=torch.int64) >= LEAST_PIXELS
    rows = (usable & single_objects(sample, frame)).nonzero()[:, 0]
    return rows[torch.from_numpy(rng.permutation(len(rows)))]


def repeat_rows(rows: Tensor, count: int) -> Tensor:
    """Cyclic repetition to ``count`` rows; -1 where there is nothing to repeat."""
    if not len(rows):
        return torch.full((count,), -1)
    return rows[torch.arange(count) % len(rows)]


def take_masks(sample: ClipSample, rows: Tensor) -> Tensor:
    """[Q, T, H, W] masks of some targets; nothing for row -1."""
    if not len(sample):
        return sample.masks.new_zeros((len(rows), *sample.masks.shape[1:]))
    taken = sample.masks[rows.clamp(min=0)]
    taken[rows < 0] = False
    return taken


def draw_prompts(
    masks: Tensor, kind: VisualKind, rng: np.random.Generator
) -> tuple[VisualRegions, Tensor]:
    """Prompts of one kind inside masks [Q, H, W], and their soft maps [Q, H/8, W/8]."""
    H, W = masks.shape[-2:]
    cells = (H // 8, W // 8)
    seen = masks.flatten(1).any(1)
    if kind == "mask":
        drawn = torch.where(seen[:, None, None], map_of_mask(masks), 0.0)
        return VisualRegions.from_masks(masks), drawn
    maps = torch.zeros(len(masks), *cells)
    if kind == "box":
        boxes = torch.stack([_jittered_box(mask, rng) for mask in masks])
        for row in seen.nonzero()[:, 0].tolist():
            maps[row] = map_of_box(boxes[row], cells)
        return VisualRegions.from_boxes(boxes, (H, W)), maps
    if kind == "scribble":
        strokes = torch.zeros_like(masks)
        for row in seen.nonzero()[:, 0].tolist():
            strokes[row] = rasterise_stroke(_stroke(masks[row], rng), (H, W)) & masks[row]
            maps[row] = torch.nn.functional.max_pool2d(strokes[row][None].float(), 8)[0]
        return VisualRegions.from_masks(strokes), maps
    points = torch.zeros(len(masks), 2)
    for row in seen.nonzero()[:, 0].tolist():
        points[row] = _click(masks[row].numpy(), rng)
        maps[row] = map_of_point(points[row], cells)
        if rng.random() < 0.3 and not bool(masks[row].all()):
            wrong = map_of_point(_click(~masks[row].numpy(), rng), cells)
            maps[row] = torch.where(wrong > 0.1, -wrong, maps[row])
    return VisualRegions.from_points(points, (H, W), seen), maps


def _jittered_box(mask: Tensor, rng: np.random.Generator, noise: float = 0.05) -> Tensor:
    """Tight xyxy box with edges moved by up to ``noise`` of its sides; zeros without a mask."""
    ys, xs = mask.any(1).nonzero(), mask.any(0).nonzero()
    if not len(ys):
        return torch.zeros(4)
    x0, x1 = float(xs.min()), float(xs.max()) + 1
    y0, y1 = float(ys.min()), float(ys.max()) + 1
    sides = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0])
    moved = np.array([x0, y0, x1, y1]) + rng.uniform(-noise, noise, 4) * sides
    height, width = mask.shape
    return torch.from_numpy(np.clip(moved, 0, [width, height, width, height])).float()


def _click(mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> Tensor:
    """(x, y) inside the mask: people click near the middle, so deep pixels are likelier."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    near = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    step = -(-max(near.shape) // _CLICK_SIDE)
    small = near[::step, ::step] if near[::step, ::step].any() else near
    step = step if small is not near else 1
    ys, xs = np.nonzero(small)
    depth = distance_transform_edt(np.pad(small, 1))[1:-1, 1:-1][ys, xs]
    weight = depth ** float(rng.choice([0.0, 2.0, 8.0]))
    pick = int(rng.choice(len(ys), p=weight / weight.sum()))
    return torch.tensor([left + step * xs[pick] + 0.5, top + step * ys[pick] + 0.5]).float()


def _stroke(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """[N, 2] points (x, y) of a polyline between pixels of the mask."""
    ys, xs = np.nonzero(mask.numpy())
    picks = rng.integers(len(ys), size=int(rng.integers(2, 5)))
    return torch.from_numpy(np.stack([xs[picks], ys[picks]], 1) + 0.5).float()
