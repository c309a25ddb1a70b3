"""What a model's card says of it: each function measures one data set through the public API."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from vidseg import Segmenter
from vidseg.datasets.clips.expressions import compose_expressions
from vidseg.datasets.clips.own_folders import OWN_FOLDERS
from vidseg.datasets.clips.readers import LabelReader
from vidseg.datasets.clips.schema import Region, SmallIdMap
from vidseg.metrics.jf import region_similarity
from vidseg.metrics.panoptic import PanopticMap
from vidseg.metrics.vpq import VPQ
from vidseg.metrics.vss import ConsistencyMeter, SemanticMeter
from vidseg.pictures.label_maps import read_label_map
from vidseg.prompts import Box, Mask, Point, Prompt, Text
from vidseg.results import FrameResult, mask_box
from vidseg.training.data.sources import own_classes
from vidseg.types import ImageArray, MaskArray
from vidseg.video.source import SourceLike
from vidseg.vocabularies import is_thing_name


def opened(kind: str, folder: Path, split: str | None = None) -> LabelReader:
    """A folder of one's own; its labels do not overlap."""
    source = OWN_FOLDERS[kind](folder, split)
    return LabelReader(source, *own_classes(source), whole=True)


def read_frame(
    reader: LabelReader, video: int, frame: int = 0
) -> tuple[ImageArray, SmallIdMap, Sequence[Region]]:
    """Picture, [H, W] number of the region + 1, and all regions of the video."""
    found = reader.read(video, [frame], np.random.default_rng(0))
    return found.pictures[0], found.maps[0][0], found.regions


@dataclass(frozen=True)
class Run:
    """What is measured. ``limit``: most stills of a data set and most frames of a video."""

    model: Segmenter
    data: Path
    limit: int | None
    short_side: int | None

    def segment(self, source: SourceLike, task: str, **options: Any) -> Iterator[FrameResult]:
        """The public call, with the chosen resolution unless another is given."""
        options.setdefault("short_side", self.short_side)
        with self.model.segment(source, task=task, **options) as results:
            yield from results

    def shortened(self, length: int) -> int:
        """How many of ``length`` stills or frames are used."""
        return length if self.limit is None else min(length, self.limit)


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    data: str
    measure: str
    value: float
    counted: str


def mask_of(result: FrameResult, object_id: int) -> MaskArray:
    """The mask of an object, empty where the result lacks it."""
    found = [segment.mask for segment in result.segments if segment.id == object_id]
    return found[0] if found else np.zeros(result.size, dtype=bool)


def derive_prompt(kind: str, mask: MaskArray) -> Prompt:
    """The prompt that a user with this mask in mind would give."""
    if kind == "mask":
        return Mask(mask)
    if kind == "box":
        x0, y0, x1, y1 = mask_box(mask)
        return Box(x0, y0, x1, y1)
    depth = distance_transform_edt(np.pad(mask, 1))
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return Point(float(x - 1), float(y - 1))


def measure_davis(run: Run) -> list[Figure]:
    """J of one object from each kind of prompt, and of the first mask repeated."""
    root = run.data / "davis2016-dev"
    videos = sorted(folder.name for folder in (root / "Annotations" / "480p").iterdir())
    means: dict[str, list[float]] = {"first mask repeated": [], "mask": [], "box": [], "point": []}
    frames = 0
    for video in videos:
        files = sorted((root / "Annotations" / "480p" / video).glob("*.png"))
        truth = [read_label_map(file) > 0 for file in files[: run.shortened(len(files))]]
        scored = range(1, len(truth) - 1)
        frames += len(scored)
        for kind, values in means.items():
            masks = [truth[0]] * len(truth)
            if kind != "first mask repeated":
                prompts = [derive_prompt(kind, truth[0])]
                results = run.segment(root / "JPEGImages" / "480p" / video, "vos", prompts=prompts)
                masks = [mask_of(result, 1) for result in islice(results, len(truth))]
            values.append(float(np.mean([region_similarity(masks[t], truth[t]) for t in scored])))
        report(f"{video}: " + ", ".join(f"{kind} {v[-1]:.3f}" for kind, v in means.items()))
    counted = f"{len(videos)} videos, {frames} frames"
    return [
        Figure("DAVIS-2016 dev", f"J, {kind}", 100 * float(np.mean(values)), counted)
        for kind, values in means.items()
    ]


def measure_camvid(run: Run) -> list[Figure]:
    """Semantic segmentation of street video."""
    dataset = opened("label_map_videos", run.data / "camvid" / "val")
    names = list(dataset.vocabulary)
    semantic, steady, frames = SemanticMeter(len(names)), ConsistencyMeter((8,)), 0
    for video, length in enumerate(dataset.lengths.tolist()):
        used = range(run.shortened(length))
        pictures = (read_frame(dataset, video, frame)[0] for frame in used)
        steady.start_video()
        for frame, result in zip(used, run.segment(pictures, "vss", categories=names), strict=True):
            truth = read_frame(dataset, video, frame)[1].astype(np.int32) - 1
            predicted = result.semantic_map(names)
            semantic.update(predicted, truth)
            steady.update(predicted, truth)
        frames += len(used)
    scores = semantic.compute()
    counted = f"{len(dataset.lengths)} videos, {frames} frames"
    report(", ".join(f"{n} {v:.3f}" for n, v in zip(names, scores.iou, strict=True)))
    return [
        Figure("CamVid val", "mIoU", 100 * scores.miou, counted),
        Figure("CamVid val", "pixel accuracy", 100 * scores.pixel_accuracy, counted),
        Figure("CamVid val", "mVC8", 100 * steady.compute()[8], f"{len(steady.values[8])} clips"),
    ]


def measure_voc(run: Run) -> list[Figure]:
    """Panoptic quality on photographs of animals."""
    stills = opened("coco_panoptic_stills", run.data / "voc-animals", "val")
    return measure_pq(run, stills, "VOC animals val")


def measure_coco(run: Run) -> list[Figure]:
    """Panoptic quality of 80 classes on everyday photographs."""
    stills = opened("coco_instance_stills", run.data / "coco-mini", "val")
    return measure_pq(run, stills, "COCO mini val")


def measure_pq(run: Run, stills: LabelReader, name: str) -> list[Figure]:
    """PQ: VPQ of one-frame windows."""
    names = list(stills.vocabulary)
    things = [k for k, category in enumerate(names) if is_thing_name(category)]
    meter = VPQ(len(names) + 1, things, windows=(1,))
    used = range(run.shortened(len(stills.lengths)))
    for still in used:
        picture, ids, regions = read_frame(stills, still)
        result = next(run.segment(picture, "vps", categories=names))
        classes = {s.id: names.index(s.category) for s in result.segments if s.category}
        meter.update(
            PanopticMap(result.panoptic_map(), classes), true_map(regions, ids, len(names))
        )
    scores = meter.compute()[1].all
    counted = f"{len(used)} stills, {scores.classes} classes seen"
    values = {"PQ": scores.pq, "SQ": scores.sq, "RQ": scores.rq}
    return [Figure(name, measure, 100 * value, counted) for measure, value in values.items()]


def true_map(regions: Sequence[Region], ids: SmallIdMap, background: int) -> PanopticMap:
    """Ground truth whose unlabelled pixels are one region of the class ``background``.

    Nobody predicts that class and a crowd need not be found, so it only takes away the void under
    false alarms.
    """
    classes = {number: region.label for number, region in enumerate(regions, start=1)}
    crowds = {number for number, region in enumerate(regions, start=1) if region.is_group}
    unlabelled = len(regions) + 1
    filled = np.where(ids == 0, unlabelled, ids.astype(np.int32))
    return PanopticMap(
        filled, {**classes, unlabelled: background}, frozenset({*crowds, unlabelled})
    )


def measure_referring(run: Run) -> list[Figure]:
    """IoU of the object that a sentence means, apart for classes with one and several objects.

    "class known" is the score of answering with all true objects of the class.
    """
    stills = opened("coco_panoptic_stills", run.data / "voc-animals", "val")
    rng = np.random.default_rng(0)
    one, several, whole = "only one of its class", "one of several", "one of several, class known"
    values: dict[str, list[float]] = {one: [], several: [], whole: []}
    for still in range(run.shortened(len(stills.lengths))):
        picture, ids, regions = read_frame(stills, still)
        names = [stills.vocabulary[region.label] for region in regions]
        masks = np.stack([ids == number + 1 for number in range(len(regions))])
        usable = [region.is_thing and not region.is_group for region in regions]
        said = compose_expressions(torch.from_numpy(masks), names, usable, rng)
        if not said:
            continue
        prompts = [Text(sentence.text, number) for number, sentence in enumerate(said, start=1)]
        result = next(run.segment(picture, "refvos", prompts=prompts))
        for number, sentence in enumerate(said, start=1):
            target = masks[sentence.target]
            alike = [row for row, name in enumerate(names) if name == names[sentence.target]]
            iou = region_similarity(mask_of(result, number), target)
            values[several if len(alike) > 1 else one].append(iou)
            if len(alike) > 1:
                values[whole].append(region_similarity(masks[alike].max(axis=0), target))
    return [
        Figure(
            "VOC animals val",
            f"mean IoU of composed sentences, {group}",
            100 * float(np.mean(found)) if found else float("nan"),
            f"{len(found)} sentences",
        )
        for group, found in {"all": values[one] + values[several], **values}.items()
    ]


def measure_speed(run: Run) -> list[Figure]:
    """Frames a second of two tasks on a 1280×720 clip."""
    clip = run.data / "clips" / "dog.mp4"
    jobs: dict[str, dict[str, Any]] = {
        "vos, one box": {"task": "vos", "prompts": [Box(400, 200, 900, 700)]},
        "vps, 80 classes": {"task": "vps", "vocabulary": "coco"},
    }
    figures = []
    side = run.short_side or 288
    for name, options in jobs.items():
        results = run.segment(clip, short_side=side, **options)
        next(results)
        started = time.perf_counter()
        frames = sum(1 for _ in islice(results, run.shortened(100)))
        rate = frames / (time.perf_counter() - started)
        figures.append(
            Figure(clip.name, f"frames/s at {side} px, {name}", rate, f"{frames} frames")
        )
    return figures


def report(line: str) -> None:
    """Progress, apart from the table."""
    print(line, file=sys.stderr, flush=True)
