"""The part of a recipe that says what a step sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """One dataset of the mixture. In YAML, sources are a mapping by ``name``.

    Attributes:
        name: unique in the recipe; the ``dataset`` of its clips and of log lines.
        kind: what reads it: a name of ``datasets/sources/registry.py``, or a plain layout
            (``coco_panoptic_stills``, ``coco_instance_stills``, ``label_map_videos``,
            ``masked_videos``). Defaults to the source's name.
        folder: relative to ``data.root`` (or absolute).
        split: of that dataset; None where it has none.
        weight: relative probability that a batch comes from here.
        held_out: share of the videos that is never trained on, chosen by name.
        frame_range: real clips take their frames within this many frames of a reference frame;
            None: evenly spaced frames, at most ``longest_step`` apart.
        longest_step: largest distance of neighbouring frames where ``frame_range`` is None.
        as_still: probability that a video gives one frame with pseudo motion.
        donor: name of the source that pasted objects are cut from; None for no pasting.
        vocabulary: list that classes are supervised over: a name of ``vocabularies.py``, ``own``
            (the dataset's own classes), ``none``, or ``auto``: the published list of the kind,
            none where its releases are trained without classes, own for plain layouts.
        only_described: objects that no sentence is about are left out.
        least_side: stills whose long side is below this many pixels are left out.
        repeat_threshold: stills with classes that fewer than this share of the stills show are
            drawn more often (repeat factor sampling of LVIS); None for all alike.
    """

    name: str
    kind: str
    folder: str
    split: str | None = None
    weight: float = 1.0
    held_out: float = 0.0
    frame_range: int | None = None
    longest_step: int = 3
    as_still: float = 0.0
    donor: str | None = None
    vocabulary: str = "auto"
    only_described: bool = False
    least_side: int = 0
    repeat_threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How clips are changed, the same way for picture and masks.

    Attributes:
        preset: ``lsj``: large-scale jittering, then crop and padding to ``size`` × ``size``;
            ``short_side``: the short side becomes one of ``short_sides``; ``view``: a square crop
            of ``size`` that moves smoothly over stills (the small models).
        flip: probability of mirroring a clip.
        rotation: largest turn in degrees, smooth over the clip (``lsj``, ``short_side``).
        scale: range of the scale relative to ``size`` (``lsj``), or of the crop's side relative
            to the short side of the picture (``view``).
        independent_scale: draw the scale anew for each frame of a clip (``lsj``).
        short_sides, long_side: lengths in pixels (``short_side``).
        colour: strength of the colour jitter, 0 for none.
        paste: probability that objects of a source's donor are pasted into a clip.
        most_pasted: largest number of pasted objects.
        smallest_area: regions below this many pixels in every frame are dropped.
    """

    preset: Literal["lsj", "short_side", "view"] = "lsj"
    flip: float = 0.5
    rotation: float = 15.0
    scale: tuple[float, float] = (0.25, 4.0)
    independent_scale: bool = True
    short_sides: tuple[int, ...] = (512, 544, 576, 608, 640, 672, 704, 736, 768, 800)
    long_side: int = 1333
    colour: float = 0.0
    paste: float = 0.0
    most_pasted: int = 2
    smallest_area: int = 1


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What a step sees.

    Attributes:
        root: folder that the folders of sources and benchmarks are relative to.
        sources: the mixture; every batch comes from one of them.
        clips: clips of one optimiser step, over all processes and accumulated parts.
        frames: T of a clip.
        size: side of the square pictures in pixels, a multiple of 32.
        single_frames: share of the steps with ``clips * frames`` single frames instead of clips.
        most_objects: regions of a clip at most, the first ones; None for all.
        augmentation: see there.
        workers: loading processes of each training process; 0 loads in the process itself.
        corrupt_limit: unreadable samples that a run survives; each is reported once, with its
            file, and replaced by another one.
    """

    root: str = "datasets"
    sources: tuple[SourceConfig, ...] = ()
    clips: int = 8
    frames: int = 1
    size: int = 1024
    single_frames: float = 0.0
    most_objects: int | None = None
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    workers: int = 4
    corrupt_limit: int = 20
