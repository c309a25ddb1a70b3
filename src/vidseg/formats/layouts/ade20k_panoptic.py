"""ADE20K panoptic (Zhou et al., 2017): 150 classes, 100 of them things.

The layout is the one that Mask2Former's ``prepare_ade20k_pan_seg.py`` leaves behind.

    ADEChallengeData2016/
      ade20k_panoptic_val.json
      ade20k_panoptic_val/
        ADE_val_00000001.png        id = R + 256 G + 65536 B; 0 is not labelled
      images/
        validation/                 training/ for train
          ADE_val_00000001.jpg
"""

from __future__ import annotations

from pathlib import Path

_PICTURES = {"train": "training", "val": "validation"}

SPLITS = tuple(_PICTURES)

FILES = {split: (f"ade20k_panoptic_{split}.json",) for split in SPLITS}
"""Split → where its JSON file lies."""


def map_folder(root: Path, source: Path) -> Path:
    """The folder of the PNG files of a JSON file."""
    return source.with_suffix("")


def picture_folder(root: Path, source: Path) -> Path:
    """The folder of the pictures of a JSON file."""
    return root / "images" / _PICTURES[source.stem.rpartition("_")[2]]
