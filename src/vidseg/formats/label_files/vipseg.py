"""VIPSeg: one PNG a frame and one JSON that lists frames and segments video by video.

The files are those of :mod:`vidseg.formats.layouts.vipseg`. Predictions are read as well; their
class list is VIPSeg's, or the one that is named. A frame of ``videos`` without an annotation is not
labelled.

Cannot hold: overlaps, background apart from void, objects without a mask, ids from 2^24.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...labels import FrameLabels, LabelTrack, VideoInfo
from ...video.colors import davis_palette
from ..json_lists import JsonLists
from ..layouts import vipseg as layout
from ..layouts.coco_lists import read_categories
from ..layouts.problems import STRICT
from ..layouts.segments import Segments
from ..layouts.vipseg_lists import listed_videos, read_annotations
from ..reading import inside, read_json
from .base import ReadOptions, WriteOptions, only_file
from .class_lists import coco_rows, load_class_list
from .panoptic_files import HOLDS, PanopticFiles, save_segments
from .pictures import frame_size

__all__ = ["HOLDS", "VipsegWriter", "read"]
_KIND = "VIPSeg"
_FOLDERS = (layout.MAPS, layout.PREDICTED_MAPS)


def read(place: Path, options: ReadOptions) -> PanopticFiles:
    """Opens a JSON with the folder of PNGs beside it. Raises DataError."""
    path = only_file(place, "*.json", _KIND)
    folder = next((path.parent / f for f in _FOLDERS if (path.parent / f).is_dir()), None)
    if folder is None:
        raise DataError(f"Beside {path} there is neither {' nor '.join(_FOLDERS)}.")
    content = read_json(path)
    categories = options.categories or load_class_list("vipseg")
    if "categories" in content:
        categories = read_categories(content, path, STRICT)
    videos = []
    listed: list[dict[str, Segments]] = []
    if "videos" in content:
        for video in listed_videos(content, path, known=None).values():
            videos.append(VideoInfo(video.name, video.frames, video.size))
            listed.append(dict(video.segments))
    else:
        for name, rows in read_annotations(content, path).items():
            videos.append(VideoInfo(name, tuple(row.name for row in rows.values())))
            listed.append({row.name: row.segments for row in rows.values()})
    maps = [
        [
            (inside(folder, f"{video.name}/{frame}.png", path), segments[frame])
            if frame in segments
            else None
            for frame in video.frames
        ]
        for video, segments in zip(videos, listed, strict=True)
    ]
    return PanopticFiles(path, categories, videos, maps, options)


class VipsegWriter:
    """Writes ``panoptic_gt_VIPSeg.json`` and ``panomasksRGB/``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder / layout.MAPS
        self._options = options
        path = folder / layout.WHOLE_JSON
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
