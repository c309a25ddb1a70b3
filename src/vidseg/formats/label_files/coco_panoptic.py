"""COCO-panoptic, of stills or of videos: one PNG a frame and one JSON about the segments.

    panoptic.json
      videos       {id, name}                                    absent for stills alone
      images       {id, file_name, width, height[, video_id, frame_index]}
      annotations  {image_id, file_name, segments_info: [{id, category_id, iscrowd, bbox, area
                    [, score]}]}
      categories   {id, name, isthing}
    panoptic/<video>/<frame>.png    RGB; segment id = R + 256 G + 65536 B, 0 = void

The PNGs are in the folder named like the JSON. A segment keeps its id over the frames of a video.
An image without a row in ``annotations`` is not labelled. An image without ``video_id`` is a still.

Cannot hold: overlaps, background apart from void, objects without a mask, ids from 2^24.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ...labels import FrameLabels, LabelTrack, VideoInfo
from ..json_lists import JsonLists
from ..layouts.problems import STRICT
from ..layouts.rows import Row, name_of, rows
from ..layouts.segments import Segments, read_segments
from ..plain_values import shown
from ..reading import inside, read_json
from .base import ReadOptions, WriteOptions, only_file
from .class_lists import coco_categories, coco_rows
from .coco import grouped_images
from .object_ids import plain_id
from .panoptic_files import HOLDS, PanopticFiles, save_segments
from .pictures import frame_size, is_still, picture_name, picture_stem

__all__ = ["HOLDS", "CocoPanopticWriter", "read"]
_KIND = "COCO-panoptic"


def read(place: Path, options: ReadOptions) -> PanopticFiles:
    """Opens a JSON with the folder of its name. Raises DataError, naming what is missing."""
    path = only_file(place, "*.json", _KIND)
    content = read_json(path)
    categories = coco_categories(content.get("categories"), path)
    videos, images = grouped_images(content, path, sized=False)
    known = {image.id for listed in images for image in listed}
    entries: dict[int | str, tuple[Path, Segments]] = {}
    for row in rows(content, "annotations", path, STRICT):
        image = plain_id(row.get("image_id"))
        if image is None or image not in known:
            raise DataError(
                f"{path} has segments of image {shown(row.get('image_id'))}, which it lacks."
            )
        if image in entries:
            raise DataError(f"{path} has two rows about image {image}.")
        entries[image] = _map(row, path)
    maps = [[entries.get(image.id) for image in listed] for listed in images]
    return PanopticFiles(path, categories, videos, maps, options)


def _map(row: Row, path: Path) -> tuple[Path, Segments]:
    """The PNG of a row of ``annotations``, and what the row lists for it."""
    name = name_of(row, "file_name", f"the segments of image {row['image_id']}", path, STRICT) or ""
    segments = read_segments(row.get("segments_info"), name, path, None, STRICT)
    assert segments is not None  # a strict reader raises
    return inside(path.with_suffix(""), name, path), segments


class CocoPanopticWriter:
    """Writes ``panoptic.json`` and ``panoptic/``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder / "panoptic"
        self._options = options
        self._file = JsonLists(folder / "panoptic.json", ("videos", "images", "annotations"))
        self._videos = 0
        self._images = 0

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._tracks = {track.id: track for track in tracks}
        self._place: dict[str, int] = {}
        if not is_still(video):
            self._videos += 1
            self._place = {"video_id": self._videos, "frame_index": -1}
            self._file.append("videos", {"id": self._videos, "name": video.name})

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a PNG and its rows; the image alone for a frame without labels."""
        self._images += 1
        if self._place:
            self._place["frame_index"] += 1
        pictures = self._options.pictures
        if labels is None:
            height, width = frame_size(pictures, self._video, frame, _KIND)
        else:
            height, width = labels.size
        self._file.append(
            "images",
            {
                "id": self._images,
                "file_name": picture_name(pictures, self._video, frame),
                "width": width,
                "height": height,
                **self._place,
            },
        )
        if labels is None:
            return
        name = picture_stem(self._video, frame) + ".png"
        segments = save_segments(labels, self._tracks, inside(self._folder, name, self._folder))
        row = {"image_id": self._images, "file_name": name, "segments_info": segments}
        self._file.append("annotations", row)

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Writes the JSON."""
        self._file.close({"categories": coco_rows(self._options.categories)})
