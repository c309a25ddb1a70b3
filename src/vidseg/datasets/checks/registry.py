"""The check of each dataset, by the names of :mod:`vidseg.datasets.sources.registry`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...errors import DataError
from ...formats.layouts import davis
from ...formats.layouts.problems import Findings
from ..sources.registry import splits_of
from .burst import check_burst
from .class_videos import check_kitti_step, check_vspw
from .davis import check_davis
from .expressions import check_expressions
from .image_sets import (
    check_ade20k,
    check_coco_instances,
    check_coco_panoptic,
    check_entityseg,
    check_lvis,
    check_refcoco,
    check_sa1b,
)
from .parted_videos import check_mose, check_viposeg, check_youtube_vos
from .ref_davis import check_ref_davis
from .releases import compare_counts
from .survey import Survey
from .tracks import check_vis
from .vipseg import check_vipseg

CHECKS: dict[str, Callable[[Path, Survey], None]] = {
    "ytvis2019": check_vis,
    "ytvis2021": check_vis,
    "ytvis2022": check_vis,
    "ovis": check_vis,
    "vspw": check_vspw,
    "vspw_mapped": partial(check_vspw, mapped=True),
    "vipseg": check_vipseg,
    "viposeg": check_viposeg,
    "davis2016": partial(check_davis, edition=davis.DAVIS2016),
    "davis2017": partial(check_davis, edition=davis.DAVIS2017),
    "davis2017_unsup": partial(check_davis, edition=davis.UNSUPERVISED),
    "youtube_vos": check_youtube_vos,
    "youtube_vos2018": check_youtube_vos,
    "mose": check_mose,
    "mosev2": check_mose,
    "burst": check_burst,
    "ref_davis": check_ref_davis,
    "ref_youtube_vos": check_expressions,
    "kitti_step": check_kitti_step,
    "coco_instances": check_coco_instances,
    "coco_panoptic": check_coco_panoptic,
    "lvis": check_lvis,
    "sa1b": check_sa1b,
    "refcoco": partial(check_refcoco, dataset="refcoco"),
    "refcoco+": partial(check_refcoco, dataset="refcoco+"),
    "refcocog": partial(check_refcoco, dataset="refcocog"),
    "ade20k_panoptic": check_ade20k,
    "entityseg": check_entityseg,
}


def check_dataset(
    name: str,
    folder: str | os.PathLike[str],
    split: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Findings, dict[str, dict[str, int]]]:
    """Everything that is wrong with a dataset on disk, and what was counted.

    Label files are decoded one at a time; of pictures only the header and the last bytes are
    read. JSON files are read whole.

    Args:
        name: one of :data:`CHECKS`.
        folder: the root of the release, as its reader in ``vidseg.datasets.sources`` draws it.
        split: the only part to look at; by default every part that is there.
        progress: told the name of each video or still that is done.

    Returns:
        Findings, and part → what → number ("" for the dataset as a whole).

    Raises:
        DataError: an unknown dataset or split, or no such folder.
    """
    known = splits_of(name)
    if split is not None and split not in known:
        told = f"it has {', '.join(known)}" if known else "it has none"
        raise DataError(f"The dataset {name} has no split {split!r}; {told}.")
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"There is no folder {root}; give the folder of the dataset {name}.")
    survey = Survey(split, progress)
    CHECKS[name](root, survey)
    compare_counts(name, root, survey)
    return survey.findings, survey.counts
