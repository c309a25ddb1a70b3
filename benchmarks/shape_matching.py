"""Whether shape and place help to recognise objects in another frame (GvSeg Eq. 6).

    python benchmarks/shape_matching.py DATA_FOLDER [--clips 12] [--seed 0] [--json FILE]

DATA_FOLDER holds ``davis2016-dev``, ``camvid`` and ``voc-animals``. Masks are the true ones, so
nothing but the matching is measured. For pairs of frames 1, 5, 10 and 20 apart, objects seen in
both (100 pixels and more) are matched by the Hungarian method on the cosine of query + descriptor,
and the share of objects with the right partner counts. The settings:

class   pasted clips: up to 10 animals of one class, cut from pictures, cross a photograph.
twins   pasted clips: 10 times the same animal at about the same size, at other places.
dark    the same at 6 % of the light, with noise that is new in every frame.
davis   6 videos of one object each, read side by side: their objects are what is matched.
camvid  stuff and things of a street: the regions of the classes, by class (no instances).

The query is the mean of nano's stride-4 features inside the mask with the norm of a decoder's
output (layer norm: sqrt(128)). H is added as the paper writes it, at that width: ``shape`` is its
positive part, ``position`` its negative part, ``all`` both; ``H alone`` is without appearance, and
one row has H stretched to the norm of the query, which the paper does not do. The second table is
the change of H (GvSeg Eq. 10) of the same object, with both parts.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from vidseg.datasets.augment.copy_paste import CutOut, cut_out, paste, place_cut_out
from vidseg.datasets.augment.pseudo_video import MotionConfig, sample_path, sample_view
from vidseg.datasets.augment.transforms import warp
from vidseg.datasets.clips.schema import Region
from vidseg.models.gvseg.shape_position import (
    DescriptorConfig,
    descriptor_change,
    histograms,
    resize,
)
from vidseg.models.univs.model import UniVS

GAPS = (1, 5, 10, 20)
READINGS = [(r, n) for r in ("frame", "object") for n in ("frame", "object")]
ANIMALS = (8, 10, 12, 13, 17)  # cat, cow, dog, horse, sheep
SIDE, FRAMES = 320, 41


@dataclass(frozen=True)
class Seen:
    """The objects of one frame: number -> appearance [C] and histograms [radii, angles]."""

    appearance: dict[int, Tensor]
    shapes: dict[tuple[str, str], dict[int, Tensor]]


class Observer:
    """Reads what matching needs from a picture and its masks."""

    def __init__(self, model: UniVS) -> None:
        self.model = model
        self.width = model.config.decoder.hidden

    @torch.no_grad()
    def __call__(self, picture: Image.Image, masks: dict[int, np.ndarray]) -> Seen:
        masks = {number: mask for number, mask in masks.items() if mask.sum() >= 100}
        if not masks:
            return Seen({}, {reading: {} for reading in READINGS})
        stack = torch.from_numpy(np.stack(list(masks.values())))
        rows = F.layer_norm(self._means(picture, stack), (self.width,))
        shapes = {}
        for radius_range, negative in READINGS:
            config = DescriptorConfig(radius_range=radius_range, negative=negative)
            shapes[radius_range, negative] = dict(
                zip(masks, histograms(stack, config, self.width), strict=True)
            )
        return Seen(dict(zip(masks, rows, strict=True)), shapes)

    def _means(self, picture: Image.Image, masks: Tensor) -> Tensor:
        config = self.model.config
        pixels = torch.from_numpy(np.array(picture.convert("RGB"))).float()
        pixels = (pixels - torch.tensor(config.pixel_mean)) / torch.tensor(config.pixel_std)
        height, width = masks.shape[1:]
        padding = (0, -width % 32, 0, -height % 32)
        features = self.model.encode_frames(F.pad(pixels.permute(2, 0, 1), padding)[None])
        cells = F.avg_pool2d(F.pad(masks.float(), padding)[None], 4)[0]
        total = torch.einsum("nhw,chw->nc", cells, features.mask_features[0])
        return total / cells.sum((1, 2))[:, None]


def pasted_clip(
    rng: np.random.Generator,
    ground: Image.Image,
    items: list[CutOut],
    share: tuple[float, float],
    light: float,
) -> Iterator[tuple[Image.Image, dict[int, np.ndarray]]]:
    """Frames of a clip in which objects cross a photograph."""
    motion = MotionConfig(translation=0.5, rotation=20.0, still=0.0)
    view = sample_view(rng, (ground.height, ground.width))
    camera = sample_path(rng, view, FRAMES, MotionConfig())
    paths = [place_cut_out(rng, item, FRAMES, motion, share=share) for item in items]
    for t in range(FRAMES):
        image = warp(ground, camera[t], SIDE, smooth=True, fill=(127, 127, 127))
        ids = Image.new("L", (SIDE, SIDE), 0)
        for number, (item, path) in enumerate(zip(items, paths, strict=True), 1):
            paste(image, ids, item, path[t], number)
        if light < 1:
            noise = rng.normal(0, 4, (SIDE, SIDE, 3))
            image = Image.fromarray((light * np.array(image) + noise).clip(0, 255).astype(np.uint8))
        values = np.array(ids)
        yield image, {number: values == number for number in range(1, len(items) + 1)}


def pasted(
    data: Path, observe: Observer, clips: int, seed: int, *, twins: bool, light: float = 1.0
) -> list[list[Seen]]:
    """Clips of similar animals. Each clip is its frames."""
    folder = data / "voc-animals"
    annotations = json.loads((folder / "panoptic_val.json").read_text())["annotations"]
    rng = np.random.default_rng(seed)
    cut: dict[int, list[CutOut]] = defaultdict(list)
    for row in annotations:
        for segment in row["segments_info"]:
            if segment["category_id"] in ANIMALS and not segment["iscrowd"]:
                stem = Path(row["file_name"]).stem
                picture = np.array(Image.open(folder / "images" / f"{stem}.jpg").convert("RGB"))
                ids = np.array(Image.open(folder / "panoptic" / row["file_name"]))
                item = cut_out(picture, ids, Region(0), segment["id"], smallest=2500)
                if item is not None:
                    cut[segment["category_id"]].append(item)
    names = [Path(r["file_name"]).stem for r in annotations]
    result = []
    for _ in range(clips):
        pool = cut[int(rng.choice([kind for kind in cut if len(cut[kind]) >= 6]))]
        chosen = [pool[i] for i in rng.permutation(len(pool))[:10]]
        chosen = chosen[:1] * 10 if twins else chosen
        ground = Image.open(folder / "images" / f"{rng.choice(names)}.jpg").convert("RGB")
        share = (0.24, 0.27) if twins else (0.18, 0.35)
        frames = pasted_clip(rng, ground, chosen, share, light)
        result.append([observe(*frame) for frame in frames])
    return result


def davis(data: Path, observe: Observer, step: int = 2) -> list[list[Seen]]:
    """One clip: frame t of every video; the object of video n has number n. Half size."""
    root = data / "davis2016-dev"
    joined = [
        Seen({}, {reading: {} for reading in READINGS}) for _ in range(GAPS[-1] + 10 * step + 1)
    ]
    for number, folder in enumerate(sorted((root / "Annotations" / "480p").iterdir()), 1):
        for frame, file in zip(joined, sorted(folder.glob("*.png")), strict=False):
            photo = root / "JPEGImages" / "480p" / folder.name / f"{file.stem}.jpg"
            picture = Image.open(photo).convert("RGB").resize((427, 240), Image.Resampling.BILINEAR)
            mask = Image.open(file).convert("L").resize((427, 240), Image.Resampling.NEAREST)
            seen = observe(picture, {number: np.array(mask) > 127})
            frame.appearance.update(seen.appearance)
            for reading, shapes in seen.shapes.items():
                frame.shapes[reading].update(shapes)
    return [joined]


def camvid(data: Path, observe: Observer) -> list[list[Seen]]:
    """The dense clip of the validation set; a region of a class has the number of the class."""
    folder = data / "camvid" / "val"
    clip = []
    for file in sorted((folder / "labels").glob("*.png"))[:61]:
        labels = np.array(Image.open(file))
        picture = Image.open(folder / "images" / f"{file.stem}.jpg")
        clip.append(observe(picture, {n: labels == n for n in range(11)}))
    return [clip]


def parts(histogram: Tensor, width: int) -> dict[str, Tensor]:
    """What is added to the queries, by name."""
    return {
        "+ shape": resize(histogram.clamp(min=0), width),
        "+ position": resize(histogram.clamp(max=0), width),
        "all": resize(histogram, width),
    }


def right(here: Tensor, there: Tensor) -> int:
    """How many of n objects, in the same order in both, find their partner."""
    similarity = F.normalize(here, dim=1) @ F.normalize(there, dim=1).T
    rows, columns = linear_sum_assignment(-similarity.numpy())
    return int((rows == columns).sum())


Scores = dict[tuple[str, int], list[int]]
Changes = dict[tuple[tuple[str, str], int], list[float]]
Lengths = dict[tuple[str, str], list[float]]


def score_pair(
    a: Seen, b: Seen, gap: int, scores: Scores, changes: Changes, lengths: Lengths
) -> None:
    """Matches the objects that two frames have in common."""
    common = sorted(a.appearance.keys() & b.appearance.keys())
    if len(common) < 2:
        return
    query = torch.stack([seen.appearance[n] for seen in (a, b) for n in common])
    width = query.shape[1]
    count = len(common)

    def note(name: str, rows: Tensor) -> None:
        scores.setdefault((name, gap), [0, 0])
        scores[name, gap][0] += right(rows[:count], rows[count:])
        scores[name, gap][1] += count

    note("appearance", query)
    for reading in READINGS:
        shapes = torch.stack([seen.shapes[reading][n] for seen in (a, b) for n in common])
        label = "/".join(reading)
        for name, rows in parts(shapes, width).items():
            note(f"{label}: {name}", query + rows)
        whole = resize(shapes, width)
        norms = torch.linalg.vector_norm(whole, dim=1, keepdim=True)
        note(f"{label}: all, H as long as the query", query + whole * math.sqrt(width) / norms)
        note(f"{label}: H alone", whole)
        lengths.setdefault(reading, []).extend(norms[:, 0].tolist())
        change = descriptor_change(whole[:count], whole[count:])
        changes.setdefault((reading, gap), []).extend(change.tolist())


def report(name: str, clips: list[list[Seen]], step: int = 2) -> dict[str, object]:
    """Prints two tables of one setting; gives their numbers."""
    scores: Scores = {}
    changes: Changes = {}
    lengths: Lengths = {}
    for clip in clips:
        for gap in GAPS:
            for t in range(0, len(clip) - gap, step):
                score_pair(clip[t], clip[t + gap], gap, scores, changes, lengths)
    rows = list(dict.fromkeys(row for row, _ in scores))
    objects = [scores["appearance", gap][1] for gap in GAPS]
    print(f"\n### {name}: {len(clips)} clips; objects matched: {objects}\n")
    print("| radius range/negative: query | " + " | ".join(f"{gap} apart" for gap in GAPS) + " |")
    print("|---" + "|---:" * len(GAPS) + "|")
    share = {key: 100 * hits / total for key, (hits, total) in scores.items()}
    for row in rows:
        print(f"| {row} | " + " | ".join(f"{share[row, gap]:.1f}" for gap in GAPS) + " |")
    means = ", ".join(f"{'/'.join(key)} {np.mean(norms):.1f}" for key, norms in lengths.items())
    print(f"\nMean norm of H at width 128: {means}; of the query {math.sqrt(128):.1f}.")
    print("\n| change of H: 10 / 50 / 90 % quantile; share below 0.2 | 1 | 5 | 10 | 20 |")
    print("|---" + "|---:" * len(GAPS) + "|")
    for reading in READINGS:
        cells = []
        for gap in GAPS:
            values = np.array(changes[reading, gap])
            low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
            cells.append(
                f"{low:.2f} / {middle:.2f} / {high:.2f}; {100 * (values < 0.2).mean():.0f} %"
            )
        print(f"| {'/'.join(reading)} | " + " | ".join(cells) + " |")
    return {f"{row} @ {gap}": share[row, gap] for row in rows for gap in GAPS}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=12, help="pasted clips of each setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = Path(__file__).resolve().parent.parent / "src" / "vidseg" / "weights" / "nano"
    observe = Observer(UniVS.from_pretrained(weights))

    def clips(*, twins: bool, light: float = 1.0) -> list[list[Seen]]:
        return pasted(options.data, observe, options.clips, options.seed, twins=twins, light=light)

    figures = {
        "class": report("class", clips(twins=False)),
        "twins": report("twins", clips(twins=True)),
        "dark": report("dark", clips(twins=True, light=0.06)),
        "davis": report("davis", davis(options.data, observe)),
        "camvid": report("camvid", camvid(options.data, observe)),
    }
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
