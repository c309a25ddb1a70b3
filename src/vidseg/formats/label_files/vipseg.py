"""VIPSeg: one PNG a frame and one JSON that lists frames and segments video by video.

    panoptic_gt_VIPSeg.json
      videos       {video_id, images: [{id, width, height, file_name}]}
      annotations  {video_id, annotations: [{image_id, file_name,
                    segments_info: [{id, category_id, iscrowd, bbox, area[, score]}]}]}
      categories   {id, name, isthing, color}
    panomasksRGB/<video>/<frame>.png    RGB; segment id = R + 256 G + 65536 B, 0 = void

``video_id`` is the name of the video. Predictions (``pred.json`` with ``annotations`` alone and
``pan_pred/``) are read as well; their class list is VIPSeg's, or the one that is named. A frame of
``videos`` without an annotation is not labelled.

Cannot hold: overlaps, background apart from void, objects without a mask, ids from 2^24.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...labels import FrameLabels, LabelTrack, VideoInfo
from ...video.colors import davis_palette
from ..reading import inside, read_json
from .base import ReadOptions, WriteOptions, layout_explained, only_file
from .class_lists import coco_categories, coco_rows, load_class_list
from .json_file import JsonLists
from .panoptic_files import HOLDS, PanopticFiles, save_segments
from .pictures import frame_size

__all__ = ["HOLDS", "VipsegWriter", "read"]
_KIND = "VIPSeg"
_FOLDERS = ("panomasksRGB", "pan_pred")


def read(place: Path, options: ReadOptions) -> PanopticFiles:
    """Opens a JSON with the folder of PNGs beside it. Raises DataError."""
    path = only_file(place, "*.json", _KIND)
    folder = next((path.parent / f for f in _FOLDERS if (path.parent / f).is_dir()), None)
    if folder is None:
        raise DataError(f"Beside {path} there is neither {' nor '.join(_FOLDERS)}.")
    content = read_json(path)
    with layout_explained(path, _KIND):
        categories = options.categories or load_class_list("vipseg")
        if "categories" in content:
            categories = coco_categories(content["categories"], path)
        rows = {str(row["video_id"]): row["annotations"] for row in content["annotations"]}
        if len(rows) < len(content["annotations"]):
            raise DataError(f"{path} has two rows about one video.")
        videos, entries = [], []
        if "videos" in content:
            for row in content["videos"]:
                name = str(row["video_id"])
                info, listed = _video(name, row["images"], rows.pop(name, []), path)
                videos.append(info)
                entries.append(listed)
            for name in rows:
                raise DataError(f"{path} has labels of video {name}, which it does not list.")
        else:
            for name, listed in rows.items():
                stems = tuple(PurePosixPath(row["file_name"]).stem for row in listed)
                videos.append(VideoInfo(name, stems))
                entries.append([_in_folder(name, row) for row in listed])
    return PanopticFiles(path, folder, categories, videos, entries, options)


def _video(
    name: str, images: list[dict[str, Any]], rows: list[dict[str, Any]], path: Path
) -> tuple[VideoInfo, list[dict[str, Any] | None]]:
    sizes = {(int(image["height"]), int(image["width"])) for image in images}
    stems = tuple(PurePosixPath(image["file_name"]).stem for image in images)
    info = VideoInfo(name, stems, sizes.pop() if len(sizes) == 1 else None)
    by_image = {row["image_id"]: _in_folder(name, row) for row in rows}
    listed = [by_image.pop(image["id"], None) for image in images]
    if by_image:
        raise DataError(f"{path} has labels of an image of video {name} that it does not list.")
    return info, listed


def _in_folder(video: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "file_name": f"{video}/{row['file_name']}"}


class VipsegWriter:
    """Writes ``panoptic_gt_VIPSeg.json`` and ``panomasksRGB/``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder / _FOLDERS[0]
        self._options = options
        path = folder / "panoptic_gt_VIPSeg.json"
        self._file = JsonLists(path, ("videos", "annotations"))

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._tracks = {track.id: track for track in tracks}
        self._images: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a PNG; the image alone is listed for a frame without labels."""
        pictures = self._options.pictures
        if labels is None:
            height, width = frame_size(pictures, self._video, frame, _KIND)
        else:
            height, width = labels.size
        self._images.append(
            {"id": frame, "file_name": frame + ".png", "width": width, "height": height}
        )
        if labels is None:
            return
        path = inside(self._folder, f"{self._video.name}/{frame}.png", self._folder)
        segments = save_segments(labels, self._tracks, path)
        self._rows.append(
            {"image_id": frame, "file_name": frame + ".png", "segments_info": segments}
        )

    def end(self) -> None:
        """Writes the rows of the video."""
        name = self._video.name
        self._file.append("videos", {"video_id": name, "images": self._images})
        self._file.append("annotations", {"video_id": name, "annotations": self._rows})

    def close(self) -> None:
        """Writes the JSON."""
        colors = davis_palette().reshape(-1, 3).tolist()
        rows = [
            {**row, "color": colors[1 + position % 254]}
            for position, row in enumerate(coco_rows(self._options.categories))
        ]
        self._file.close({"categories": rows})
