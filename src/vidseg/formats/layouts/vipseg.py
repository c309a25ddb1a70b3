"""VIPSeg, as released and at 720p.

    imgs/<video>/<frame>.jpg              images/ in the copy at 720p
    panomasks/<video>/<frame>.png         grey, 8 or 16 bit: 0 void; below 125 class + 1 of a region
                                          that is not separated; else 100 (class + 1) + instance
    panomasksRGB/<video>/<frame>.png      RGB, segment id = R + 256 G + 65536 B, 0 void
    panoptic_gt_VIPSeg_<split>.json       or panoptic_gt_VIPSeg.json for all: lists the frames, the
                                          segments of panomasksRGB and the classes
      videos       {video_id, images: [{id, width, height, file_name}]}
      annotations  {video_id, annotations: [{image_id, file_name,
                    segments_info: [{id, category_id, iscrowd, bbox, area[, score]}]}]}
      categories   {id, name, isthing, color}
    {train,val,test}.txt                  names of videos

``video_id`` is the name of the video. Predictions are ``pred.json`` with ``annotations`` alone and
``pan_pred/`` in the place of ``panomasksRGB/``. Test videos have no maps. A list of videos that is
missing is taken from the package.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from .lists import read_names
from .places import first_folder

SPLITS = ("train", "val", "test")
MAPS, RELEASED_MAPS = "panomasksRGB", "panomasks"
PREDICTED_JSON, PREDICTED_MAPS = "pred.json", "pan_pred"
CLASSES = 124
_STEM = "panoptic_gt_VIPSeg"
WHOLE_JSON = f"{_STEM}.json"


def picture_folder(root: Path) -> Path:
    """The folder of the pictures of all videos."""
    return first_folder((root / "imgs", root / "images"))


def split_json(root: Path, split: str) -> Path:
    """The JSON file of a split alone, whether or not it is there."""
    return root / f"{_STEM}_{split}.json"


def json_files(root: Path) -> dict[str, Path]:
    """Split → its JSON file, for those that are there; "" for the one of all."""
    files = {split: split_json(root, split) for split in SPLITS} | {"": root / WHOLE_JSON}
    return {split: file for split, file in files.items() if file.is_file()}


def json_of(root: Path, split: str | None) -> Path | None:
    """The JSON file that describes a split; None where there is none.

    Without a split: the one of all videos, else the only one. Raises DataError for several.
    """
    there = json_files(root)
    if split is not None:
        # the file of all lists what has maps
        return there.get(split) or (there.get("") if split != "test" else None)
    if len(there) > 1 and "" not in there:
        raise DataError(
            f"{root} holds the splits {', '.join(there)}; choose one of them with --split."
        )
    return there.get("") or next(iter(there.values()), None)


def split_list(root: Path, split: str) -> Path:
    """The list of the videos of a split, of the folder or of the package."""
    own = root / f"{split}.txt"
    return own if own.is_file() else Path(__file__).with_name("split_lists") / f"vipseg_{split}.txt"


def released_class(value: int) -> int | None:
    """The class, from 0, of a value of ``panomasks`` above 0; None where it is of no class."""
    number = (value if value <= CLASSES else value // 100) - 1
    return number if 0 <= number < CLASSES else None


def names_in(source: Path, root: Path, split: str | None) -> tuple[str, ...] | None:
    """The videos of a split where its JSON file is that of all; None where all of it counts."""
    if split is None or source.name != WHOLE_JSON:
        return None
    return read_names(split_list(root, split))
