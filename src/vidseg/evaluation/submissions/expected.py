"""What the dataset as released says that a submission must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ...datasets.checks.label_maps import present
from ...datasets.checks.pictures import read_label_file
from ...errors import DataError
from ...formats.layouts import mose, object_meta, viposeg, youtube_vos
from ...formats.layouts.frames import MAP_ENDINGS, frame_files
from ...formats.layouts.object_meta import read_meta
from ...pictures.listing import list_pictures
from .archive_layouts import ArchiveLayout
from .expected_lists import (
    davis_videos,
    expressions,
    ref_davis_videos,
    step_sequences,
    vipseg_videos,
    vspw_videos,
)
from .sequences import Sequence, folders_of


def expected_sequences(
    benchmark: str, layout: ArchiveLayout, truth: Path, split: str | None
) -> dict[str, Sequence]:
    """Folder under the root of the masks → what must be in it.

    Args:
        benchmark: plain name; one whose shape is "masks" or "panoptic".
        truth: the dataset as released, or one split of it.
        split: which part; by default the first of the layout's that is there.

    Raises:
        DataError: nothing of the dataset is found there.
    """
    if not truth.is_dir():
        raise DataError(f"There is no folder {truth}, where the dataset should be.")
    if benchmark == "ref_youtube_vos":
        return expressions(truth, layout, split)
    if benchmark in _PANOPTIC:
        return _panoptic_videos(benchmark, truth, layout.splits if split is None else (split,))
    if benchmark == "ref_davis":
        return ref_davis_videos(truth, layout, split)
    if benchmark.startswith("davis"):
        return davis_videos(benchmark, truth, layout, split)
    if benchmark == "viposeg":
        return _viposeg_videos(truth, split)
    there = object_meta.parts(truth, layout.splits, split)
    if not there:
        wanted = layout.splits if split is None else (split,)
        raise DataError(
            f"{truth} has neither JPEGImages nor a folder {' or '.join(wanted)}; "
            "name the dataset as released."
        )
    part = next(iter(there.values()))
    meta = mose.meta_file(part) if benchmark == "mose" else youtube_vos.meta_file(part)
    return _object_videos(part, _object_ids(meta))


def _viposeg_videos(truth: Path, split: str | None) -> dict[str, Sequence]:
    parts = viposeg.parts(truth, "train" if split == "train" else "valid")
    if not parts:
        raise DataError(f"{truth} has no folder of VIPOSeg; name the dataset as released.")
    (part,) = parts.values()
    there = viposeg.class_file(part).is_file()
    ids: dict[str, _Ids] = {
        video: partial(frozenset, objects)
        for video, objects in (viposeg.read_objects(part) if there else {}).items()
    }
    return _object_videos(part, ids)


_PANOPTIC = {"vspw": vspw_videos, "kitti_step": step_sequences, "vipseg": vipseg_videos}


def _panoptic_videos(benchmark: str, truth: Path, splits: tuple[str, ...]) -> dict[str, Sequence]:
    """The videos of the first split that is there."""
    for split in splits:
        found = _PANOPTIC[benchmark](truth, split)
        if found is not None:
            return found
    raise DataError(
        f"{truth} has no videos of the split {' or '.join(splits)}; name the dataset as released."
    )


_Ids = Callable[[], frozenset[int]]


def _object_videos(part: Path, known: Mapping[str, _Ids]) -> dict[str, Sequence]:
    """YouTube-VOS, MOSE and VIPOSeg: pictures, the masks that are given, a JSON of the objects.

    Args:
        known: ids of the objects of videos of which a file tells.
    """
    given = part / "Annotations"
    pictures = next(
        (part / name for name in ("JPEGImages", "Annotations_gt") if (part / name).is_dir()), given
    )
    found: dict[str, Sequence] = {}
    for video, sequence in folders_of(pictures).items():
        masks = given / video
        first = next(iter(frame_files(masks, MAP_ENDINGS)), None)
        frames = list(sequence.frames)
        free = frozenset(frames[: frames.index(first)] if first in frames else ())
        found[video] = Sequence(sequence.frames, free, known.get(video) or partial(_ids_in, masks))
    return found


def _object_ids(meta: Path | None) -> dict[str, _Ids]:
    """Of the videos of which ``meta.json`` lists objects; empty where it is not there."""
    videos = read_meta(meta) if meta is not None and meta.is_file() else {}
    return {
        name: partial(frozenset, video.objects) for name, video in videos.items() if video.objects
    }


def _ids_in(folder: Path) -> frozenset[int]:
    """All ids of the masks that are given, background left out."""
    ids: set[int] = set()
    for file in list_pictures(folder, MAP_ENDINGS):
        ids |= set(present(read_label_file(file)[1]))
    return frozenset(ids - {0, 255})
