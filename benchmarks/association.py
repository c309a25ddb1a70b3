"""Whether shape and place keep ids steady when detections are matched with known objects.

    python benchmarks/association.py DATA_FOLDER [--clips 8] [--seed 0]

Nano, with pictures of 240 pixels on the short side and objects from a class score of 0.1 on, so
that it follows more of them, segments what DATA_FOLDER holds:

pasted  clips of 11 frames in which three objects of mixed classes (people, cars, five animals) that
        are cut out of ``voc-animals`` cross a street of ``camvid``, one in front of another.
twins   the same with three times one object, in VIS without prompts.
davis   ``davis2016-dev``: every fourth frame of five videos of one object.
camvid  ``camvid/val``: every second frame of 1.6 s; the objects are sky, building, road, pavement,
        tree and fence, so that only stuff counts, in VPS.

In every frame true objects of 100 pixels and more are paired with segments of their kind by the
Hungarian method on IoU above 0.5. ``switches``: an object is shown under another id than when it
was last found; ``fragments``: it is found again after frames without; ``ids``: ids that an object
had, over those that it needed; ``found``: true masks that were.

Affinities: ``appearance``; ``shape_position`` for things; ``both kinds``: for stuff, too;
``stretched``: both kinds, with H as long as a query, which is not the paper's and no setting.
Without prompts one answer of the network serves all of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from unittest import mock

import numpy as np
import shape_matching
import torch
from PIL import Image
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from vidseg.datasets.augment.copy_paste import CutOut, cut_out
from vidseg.datasets.clips.schema import Region
from vidseg.inference.clip import Categories, Clip
from vidseg.inference.config import InferenceConfig
from vidseg.inference.files.loading import load
from vidseg.inference.model_kinds import category_policy
from vidseg.inference.policies.base import UniVSPredictor
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.inference.prompt_inbox import PromptInbox
from vidseg.inference.segmenter import Segmenter
from vidseg.inference.session import Session
from vidseg.inference.tracking import clip_association
from vidseg.models.decoder.tensors import Prediction
from vidseg.models.gvseg.shape_position import DescriptorConfig, descriptors
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Prompt
from vidseg.results import FrameResult, Track
from vidseg.types import Frame, Task
from vidseg.vocabularies import from_names

Truth = dict[int, np.ndarray]
Video = list[tuple[Image.Image, Truth]]

CUT = (7, 8, 10, 12, 13, 15, 17)  # car, cat, cow, dog, horse, person, sheep
STUFF = (0, 1, 3, 4, 5, 7)  # of CamVid
SETTINGS = {"short_side": 240, "class_threshold": 0.1}
QUERY_LENGTH = 12.0  # mean norm of nano's embeddings; that of a descriptor is about 1.6

AFFINITIES = {
    "appearance": {},
    "shape_position": {"affinity": "shape_position"},
    "both kinds": {"affinity": "shape_position", "stuff_affinity": "shape_position"},
    "stretched": {"affinity": "shape_position", "stuff_affinity": "shape_position"},
}


@dataclass
class Sample:
    """Videos, the names that are asked for, and whether the true objects are things."""

    name: str
    names: str
    things: bool
    videos: list[Video]
    tasks: tuple[Task, ...]
    prompts: bool


@dataclass
class Recorder:
    """A policy that keeps clips and what the learnable queries answer."""

    decoder: UniVSPredictor
    clips: list[Clip] = field(default_factory=list)
    answers: dict[int, Prediction] = field(default_factory=dict)

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        self.clips.append(clip)
        self.answers[clip.start] = self.decoder.predict(clip)
        return []

    def finish(self) -> list[FrameResult]:
        return []

    def tracks(self) -> tuple[Track, ...]:
        return ()

    def predict(self, clip: Clip) -> Prediction:
        return self.answers[clip.start]


def count(results: Sequence[FrameResult], truth: Sequence[Truth], *, things: bool) -> np.ndarray:
    """[6] switches, fragments, ids, objects ever found, masks found, true masks."""
    last: dict[int, int] = {}
    ids: dict[int, set[int]] = {}
    lost: set[int] = set()
    totals = np.zeros(6, dtype=int)
    for result, masks in zip(results, truth, strict=True):
        true = {n: m for n, m in masks.items() if m.sum() >= 100}
        shown = [s for s in result.segments if s.is_thing == things and s.mask.any()]
        iou = np.array(
            [[(m & s.mask).sum() / (m | s.mask).sum() for s in shown] for m in true.values()]
        ).reshape(len(true), len(shown))
        rows, columns = linear_sum_assignment(-np.where(iou > 0.5, iou, 0))
        names = list(true)
        found = {
            names[r]: shown[c].id for r, c in zip(rows, columns, strict=True) if iou[r, c] > 0.5
        }
        for n, i in found.items():
            totals[0] += last.get(n, i) != i
            totals[1] += n in lost
            last[n] = i
            ids.setdefault(n, set()).add(i)
            lost.discard(n)
        lost |= {n for n in last if n not in found}
        totals[4:] += len(found), len(true)
    totals[2:4] = sum(map(len, ids.values())), len(ids)
    return totals


def pasted(data: Path, clips: int, seed: int, *, twins: bool = False) -> Iterator[Video]:
    """Clips of three objects that cross a street of CamVid, every fourth frame of the path."""
    folder = data / "voc-animals"
    rows = json.loads((folder / "panoptic_val.json").read_text())["annotations"]
    rng = np.random.default_rng(seed)
    cut: dict[int, list[CutOut]] = {kind: [] for kind in CUT}
    for row in rows:
        with Image.open(folder / "images" / f"{Path(row['file_name']).stem}.jpg") as picture:
            image = np.array(picture.convert("RGB"))
        ids = np.array(Image.open(folder / "panoptic" / row["file_name"]))
        for segment in row["segments_info"]:
            if segment["category_id"] in cut and not segment["iscrowd"]:
                item = cut_out(image, ids, Region(0), segment["id"], smallest=4000)
                if item is not None:
                    cut[segment["category_id"]].append(item)
    pools = [pool for pool in cut.values() if pool]
    streets = sorted((data / "camvid" / "train" / "images").iterdir())
    for _ in range(clips):
        chosen = [pools[k] for k in rng.choice(len(pools), 3)]
        items = [pool[int(rng.integers(len(pool)))] for pool in chosen]
        if twins:
            items = items[-1:] * 3
        ground = Image.open(streets[int(rng.integers(len(streets)))]).convert("RGB")
        clip = shape_matching.pasted_clip(rng, ground, items, (0.45, 0.6), 1.0)
        yield list(islice(clip, 0, shape_matching.FRAMES, 4))


def davis(data: Path, videos: int = 5, frames: int = 12) -> Iterator[Video]:
    """Every fourth frame at half size."""
    root = data / "davis2016-dev"
    for folder in sorted((root / "Annotations" / "480p").iterdir())[:videos]:
        video: Video = []
        for file in sorted(folder.glob("*.png"))[: 4 * frames : 4]:
            photo = root / "JPEGImages" / "480p" / folder.name / f"{file.stem}.jpg"
            picture = Image.open(photo).convert("RGB").resize((427, 240), Image.Resampling.BILINEAR)
            mask = Image.open(file).convert("L").resize((427, 240), Image.Resampling.NEAREST)
            video.append((picture, {1: np.array(mask) > 127}))
        yield video


def camvid(data: Path, frames: int = 24) -> Video:
    """The beginning of the dense clip of the validation set."""
    folder = data / "camvid" / "val"
    video: Video = []
    for file in sorted((folder / "labels").glob("*.png"))[: 2 * frames : 2]:
        labels = np.array(Image.open(file).resize((320, 240), Image.Resampling.NEAREST))
        picture = Image.open(folder / "images" / f"{file.stem}.jpg").convert("RGB")
        picture = picture.resize((320, 240), Image.Resampling.BILINEAR)
        video.append((picture, {n: labels == n for n in STUFF}))
    return video


def stretched(masks: Tensor, config: DescriptorConfig, width: int) -> Tensor:
    """Descriptors as long as a query."""
    return F.normalize(descriptors(masks, config, width), dim=1) * QUERY_LENGTH


def run(
    model: UniVS, record: Recorder, config: InferenceConfig, task: Task, categories: Categories
) -> list[FrameResult]:
    """The results of a recorded video."""
    policy = category_policy(model, config, task, categories)
    if config.tracking.association == "similarity":
        shapes = clip_association.shapes_of(
            clip_association.describer(DescriptorConfig(), model.config.decoder.hidden),
            config.gvseg,
            categories.is_thing,
        )
        policy = CategoryPolicy(record, config, task, categories, shapes=shapes)
    results = [result for clip in record.clips for result in policy.step(clip)]
    return results + policy.finish()


def measure(segmenter: Segmenter, sample: Sample) -> dict[tuple[str, str, str], np.ndarray]:
    """Counts by task, association and affinity."""
    model = segmenter.model
    assert isinstance(model, UniVS)
    names = from_names(sample.names)
    texts = segmenter.text_encoder.encode_names(names.texts)
    categories = Categories(names.names, names.is_thing, texts)
    totals: dict[tuple[str, str, str], np.ndarray] = {}
    for video in sample.videos:
        truth = [masks for _, masks in video]
        record = Recorder(UniVSPredictor(model, categories))
        base = segmenter.config(sample.tasks[0]).override(SETTINGS)
        session = Session(model, base, record, PromptInbox(sample.tasks[0]))
        for t, (picture, _) in enumerate(video):
            session.step(Frame(np.array(picture), t, t / 10))
        for task in sample.tasks:
            for association in ("similarity", *(("prompts",) if sample.prompts else ())):
                for name, values in AFFINITIES.items():
                    if association == "prompts" and name not in ("appearance", "shape_position"):
                        continue
                    config = segmenter.config(task).override(
                        {"association": association, **SETTINGS, **values}
                    )
                    used = stretched if name == "stretched" else descriptors
                    with mock.patch.object(clip_association, "descriptors", used):
                        results = run(model, record, config, task, categories)
                    key = (task.value, association, name)
                    counts = count(results, truth, things=sample.things)
                    totals[key] = totals.get(key, 0) + counts
    return totals


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=8, help="pasted clips, and as many of twins")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    segmenter = load("nano", "cpu")
    both = (Task.VIS, Task.VPS)
    kinds = "car,cat,cow,dog,horse,person,sheep"
    street = "sky,building,road,sidewalk,tree,fence,car,person,pole,traffic sign,bicycle"
    seen = "bird,person,car,cow,motorcycle"
    crossing = list(pasted(options.data, options.clips, options.seed))
    same = list(pasted(options.data, options.clips, options.seed, twins=True))
    samples = (
        Sample("pasted", kinds, True, crossing, both, True),
        Sample("twins", kinds, True, same, (Task.VIS,), False),
        Sample("davis", seen, True, list(davis(options.data)), (Task.VIS,), True),
        Sample("camvid", street, False, [camvid(options.data)], (Task.VPS,), False),
    )
    print("| sample | task | association | affinity | switches | fragments | ids | found |")
    print("|---|---|---|---|---:|---:|---:|---:|")
    for sample in samples:
        for key, (switches, fragments, ids, objects, found, of) in measure(
            segmenter, sample
        ).items():
            cells = (sample.name, *key, switches, fragments, f"{ids}/{objects}", f"{found}/{of}")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
