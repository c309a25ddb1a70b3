"""Writing CVAT for video 1.1; :mod:`.cvat` says what it looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ...geometry.masks import decode_rle
from ...labels import FrameLabels, LabelTrack, VideoInfo
from ...results import CocoRLE, mask_box
from ...types import MaskArray
from ..output_places import prepare_folder
from ..reading import inside
from .base import WriteOptions
from .polygons import trace
from .run_lengths import row_runs

FILE = "annotations.xml"
NAMES = "frame_names"
"""An element of ours in the task, a JSON list, which CVAT passes over and does not export."""
_Shape = tuple[str, Mapping[str, str]]  # tag and fields


class CvatWriter:
    """Writes ``<video>/annotations.xml``; memory holds the run lengths of one video."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._log = options.log
        self._names = {category.id: category.name for category in options.categories}

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._size = video.size
        self._frames: list[str] = []
        self._tracks = tracks
        self._masks: dict[int, dict[int, CocoRLE]] = {track.id: {} for track in tracks}

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Adds a frame."""
        if labels is not None:
            self._size = labels.size
            for id, mask in labels.masks.items():
                self._masks[id][len(self._frames)] = mask
        self._frames.append(frame)

    def end(self) -> None:
        """Writes the file of the video."""
        folder = inside(self._folder, self._video.name, self._folder)
        prepare_folder(folder)
        name, labels = self._video.name, tuple(self._names.values())
        with (folder / FILE).open("w", encoding="utf-8") as file:
            file.writelines(_meta_lines(name, len(self._frames), labels, self._size))
            file.writelines(self._names_lines())
            number = 0
            for track in self._tracks:
                masks = self._masks[track.id]
                for part in _parts(masks):
                    label = self._names[-1 if track.category_id is None else track.category_id]
                    file.write(
                        f'  <track id="{number}" label={quoteattr(label)} source="file" '
                        f'group_id="{track.id}">\n'
                    )
                    file.writelines(_shape_lines(part, len(self._frames)))
                    file.write("  </track>\n")
                    number += 1
            file.write("</annotations>\n")

    def _names_lines(self) -> list[str]:
        """The end of the meta part, with the names of frames where they are more than numbers."""
        lines = ["    </task>\n  </meta>\n"]
        names = [frame + self._video.endings.get(frame, "") for frame in self._frames]
        if names == [f"{t:05d}" for t in range(len(names))]:
            return lines
        self._log.note(
            "CVAT numbers frames; its own exports have their names again with --pictures.",
            f"video {self._video.name}",
        )
        return [f"      <{NAMES}>{escape(json.dumps(names))}</{NAMES}>\n", *lines]

    def close(self) -> None:
        """Every file is written already."""


def _parts(masks: dict[int, CocoRLE]) -> list[dict[int, _Shape]]:
    """The shapes of an object: all as polygons of one track, or each mask as its own."""
    polygons: dict[int, _Shape] = {}
    for frame, mask in masks.items():
        rings = trace(decode_rle(mask)).rings
        if len(rings) > 1:
            return [{frame: _mask_shape(decode_rle(mask))} for frame, mask in masks.items()]
        points = ";".join(f"{x:.2f},{y:.2f}" for x, y in rings[0])
        polygons[frame] = ("polygon", {"points": points})
    return [polygons] if polygons else []


def _mask_shape(mask: MaskArray) -> _Shape:
    left, top, right, bottom = mask_box(mask)
    runs = row_runs(mask[top:bottom, left:right])
    return (
        "mask",
        {
            "rle": ", ".join(map(str, runs)),
            "left": str(left),
            "top": str(top),
            "width": str(right - left),
            "height": str(bottom - top),
        },
    )


def _shape_lines(shapes: dict[int, _Shape], count: int) -> list[str]:
    """A shape a frame, and one marked as out of sight after each run of frames."""
    lines = []
    for frame, shape in sorted(shapes.items()):
        lines.append(_line(shape, frame, outside=False))
        if frame + 1 not in shapes and frame + 1 < count:
            lines.append(_line(shape, frame + 1, outside=True))
    return lines


def _line(shape: _Shape, frame: int, *, outside: bool) -> str:
    tag, values = shape
    fields = " ".join(f'{key}="{value}"' for key, value in values.items())
    return (
        f'    <{tag} frame="{frame}" keyframe="1" outside="{int(outside)}" occluded="0" '
        f'{fields} z_order="0">\n    </{tag}>\n'
    )


def _meta_lines(
    name: str, frames: int, labels: Sequence[str], size: tuple[int, int] | None
) -> Iterator[str]:
    """The lines up to the names of frames.

    Args:
        name: of the task.
        frames: how many the video has.
        labels: all of them, also those without an object.
        size: (height, width), where it is known.
    """
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    yield f"  <meta>\n    <task>\n      <name>{escape(name)}</name>\n"
    yield f"      <size>{frames}</size>\n      <mode>interpolation</mode>\n"
    yield "      <overlap>0</overlap>\n      <flipped>False</flipped>\n"
    yield f"      <start_frame>0</start_frame>\n      <stop_frame>{frames - 1}</stop_frame>\n"
    yield "      <frame_filter></frame_filter>\n      <labels>\n"
    for label in labels:
        yield f"        <label>\n          <name>{escape(label)}</name>\n"
        yield "          <type>any</type>\n          <attributes></attributes>\n        </label>\n"
    yield "      </labels>\n"
    if size is not None:
        yield f"      <original_size>\n        <width>{size[1]}</width>\n"
        yield f"        <height>{size[0]}</height>\n      </original_size>\n"
