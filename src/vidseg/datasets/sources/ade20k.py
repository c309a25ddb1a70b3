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

from ...formats.reading import read_json
from ...labels import LabelSource
from .panoptic_stills import PanopticStills
from .split_files import find_split

_PICTURES = {"train": "training", "val": "validation"}

SPLITS = tuple(_PICTURES)


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    files = {name: (f"ade20k_panoptic_{name}.json",) for name in SPLITS}
    name, file = find_split(folder, split, files, "ade20k_panoptic")
    pictures = folder / "images" / _PICTURES[name]
    return PanopticStills(
        f"ade20k_panoptic {name}", read_json(file), file, file.with_suffix(""), pictures
    )
