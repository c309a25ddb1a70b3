"""Which module reads which dataset; a module is imported when its dataset is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from ...errors import DataError, nearest_hint
from ...formats.layouts import (
    ade20k_panoptic,
    coco_instances,
    coco_panoptic,
    entityseg,
    kitti_step,
    lvis,
    refcoco,
    sa1b,
    viposeg,
    vipseg,
    vspw,
    youtube_vos,
    ytvis,
)
from ...labels import LabelSource

Opener = Callable[[Path, str | None], LabelSource]


@dataclass(frozen=True)
class Row:
    """A dataset.

    Attributes:
        module: of this package.
        splits: names that ``split`` may have.
        opener: the module's function ``(folder, split) -> LabelSource``.
    """

    module: str
    splits: tuple[str, ...]
    opener: str = "open_source"


_DAVIS2017 = ("train", "val", "test-dev", "test-challenge")

ROWS: dict[str, Row] = {
    "ytvis2019": Row("ytvis", ytvis.SPLITS, "open_ytvis2019"),
    "ytvis2021": Row("ytvis", ytvis.SPLITS, "open_ytvis2021"),
    "ytvis2022": Row("ytvis", ytvis.SPLITS, "open_ytvis2022"),
    "ovis": Row("ytvis", ytvis.SPLITS, "open_ovis"),
    "vspw": Row("vspw", vspw.SPLITS),
    "vspw_mapped": Row("vspw", vspw.SPLITS, "open_mapped"),
    "vipseg": Row("vipseg", vipseg.SPLITS),
    "viposeg": Row("viposeg", viposeg.SPLITS),
    "davis2016": Row("davis", ("train", "val", "trainval"), "open_davis2016"),
    "davis2017": Row("davis", _DAVIS2017, "open_davis2017"),
    "davis2017_unsup": Row("davis", _DAVIS2017, "open_davis2017_unsup"),
    "youtube_vos": Row("youtube_vos", youtube_vos.SPLITS),
    "youtube_vos2018": Row("youtube_vos", youtube_vos.SPLITS, "open_youtube_vos2018"),
    "mose": Row("mose", ("train", "valid")),
    "mosev2": Row("mose", ("train", "valid"), "open_mosev2"),
    "burst": Row("burst", ("train", "val", "test")),
    "ref_davis": Row("ref_davis", ("train", "valid")),
    "ref_youtube_vos": Row("ref_youtube_vos", ("train", "valid", "test")),
    "kitti_step": Row("kitti_step", kitti_step.SPLITS),
    "coco_instances": Row("listed_stills", coco_instances.SPLITS, "open_coco"),
    "coco_panoptic": Row("panoptic_stills", coco_panoptic.SPLITS, "open_coco"),
    "lvis": Row("listed_stills", lvis.SPLITS, "open_lvis"),
    "sa1b": Row("sa1b", sa1b.SPLITS),
    "refcoco": Row("listed_stills", refcoco.SPLITS["refcoco"], "open_refcoco"),
    "refcoco+": Row("listed_stills", refcoco.SPLITS["refcoco+"], "open_refcoco_plus"),
    "refcocog": Row("listed_stills", refcoco.SPLITS["refcocog"], "open_refcocog"),
    "ade20k_panoptic": Row("panoptic_stills", ade20k_panoptic.SPLITS, "open_ade20k"),
    "entityseg": Row("listed_stills", entityseg.SPLITS, "open_entityseg"),
}


def dataset_names() -> tuple[str, ...]:
    """The names that :func:`open_dataset` knows."""
    return tuple(ROWS)


def splits_of(name: str) -> tuple[str, ...]:
    """The splits of a dataset; empty where it has none. Raises DataError for an unknown name."""
    return _row(name).splits


def open_dataset(name: str, folder: str | Path, split: str | None = None) -> LabelSource:
    """Opens a dataset in the layout of its own release.

    Args:
        name: one of :func:`dataset_names`.
        folder: its root, as each reader module draws it.
        split: one of :func:`splits_of`; by default all videos where the layout holds every split
            side by side, and the only split that is there where it does not.

    Raises:
        DataError: an unknown name or split, no such folder, or a file that is missing or damaged.
    """
    row = _row(name)
    if split is not None and split not in row.splits:
        known = f"it has {', '.join(row.splits)}" if row.splits else "it has none"
        raise DataError(f"The dataset {name} has no split {split!r}; {known}.")
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"There is no folder {root}; give the folder of the dataset {name}.")
    module = import_module(f".{row.module}", __package__)
    return cast(Opener, getattr(module, row.opener))(root, split)


def _row(name: str) -> Row:
    if name not in ROWS:
        hint = nearest_hint(name, ROWS, " Did you mean {!r}?")
        raise DataError(f"Unknown dataset {name!r}.{hint} Known are {', '.join(ROWS)}.")
    return ROWS[name]
