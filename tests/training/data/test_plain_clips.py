"""Clips of plain folders stay what they were: regions, labels, captions and where they lie."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from vidseg.datasets.batches.drawing import draw_clip
from vidseg.training.data.sources import open_sources
from vidseg.training.recipe.data import AugmentationConfig, DataConfig, SourceConfig

from ...datasets.conftest import draw_davis, draw_instances, draw_label_maps, draw_panoptic

Draw = Callable[[Path], Path]

CASES: dict[str, tuple[Draw, str | None, str]] = {
    "coco_panoptic_stills": (draw_panoptic, None, "1392ede5e6bedb11 62cd715ce32f19ef"),
    "coco_instance_stills": (draw_instances, "train", "5be38be85b1676fa 2675c5989e63e571"),
    "label_map_videos": (draw_label_maps, None, "32d59bacd905b621 32d59bacd905b621"),
    "masked_videos": (draw_davis, None, "b11bbdff88aeecce 9cf3f879a0a12032"),
}
"""Kind → what draws its folder, the split, and the digests of twelve clips without
and with pasted objects."""


def digest(kind: str, folder: Path, split: str | None, *, donor: bool) -> str:
    """Of everything in twelve clips but the colours, which depend on how JPEGs are decoded."""
    source = SourceConfig(
        name="own", kind=kind, folder=".", split=split, donor="own" if donor else None
    )
    config = DataConfig(
        root=str(folder),
        sources=(source,),
        frames=3,
        size=64,
        augmentation=AugmentationConfig(preset="view", paste=0.5 if donor else 0.0),
    )
    (opened,) = open_sources(config)
    found = sha256()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        clip = draw_clip(opened, opened.draw_video(rng), 3, rng)
        if clip is None:
            found.update(b"none")
            continue
        for array in (clip.maps, clip.numbers, clip.layers, clip.labels, clip.ids):
            found.update(np.ascontiguousarray(array).tobytes())
        for array in (clip.is_thing, clip.is_group, clip.times):
            found.update(np.ascontiguousarray(array).tobytes())
        found.update(repr(clip.expressions).encode())
    return found.hexdigest()[:16]


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("donor", [False, True])
def test_clips_are_the_recorded_ones(kind: str, donor: bool, tmp_path: Path) -> None:
    draw, split, recorded = CASES[kind]
    found = digest(kind, draw(tmp_path), split, donor=donor)
    assert found == recorded.split()[donor]
