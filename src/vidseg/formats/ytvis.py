"""Results as the YouTube-VIS evaluation takes them: one row per track with a mask per frame."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..results import CocoRLE, FrameResult, Track, VideoResult, encode_rle
from ..types import Frame
from .atomic import replacing
from .categories import CategoryNumbers, category_name
from .json_lists import JsonRows, JsonSpool
from .output_places import prepare_folder

_ABSENT = -1


class YtvisResultWriter:
    """``ytvis.json``: a list of {video_id, score, category_id, segmentations, ...}, one per track.

    ``segmentations`` has one compressed RLE per frame written, null where the track is out of
    sight. ``category_id`` is that of ``numbers``; ``category`` and ``track_id`` say in plain words
    what a row is about.
    Masks are spooled to disk as run lengths; memory holds eight bytes per track and frame.

    Args:
        path: the json file.
        numbers: of the classes, shared with other files of the video.
        video_id: what ``video_id`` says in every row.
    """

    def __init__(
        self, path: Path, numbers: CategoryNumbers | None = None, *, video_id: int = 1
    ) -> None:
        self.path = path
        self.video_id = video_id
        self.table: Sequence[Track] = ()
        """Video-level scores. An id in it gets one row per entry; an id that is not gets one row
        of its mean score and most frequent class. May be set until :meth:`close`."""
        self._numbers = numbers or CategoryNumbers()
        self._places: dict[int, array[int]] = {}  # id → place of each frame's mask
        self._video = VideoResult()
        self._spool: JsonSpool | None = JsonSpool()
        self._size = (0, 0)
        prepare_folder(path.parent)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Adds one frame's masks."""
        if self._spool is None:
            raise ValueError("The writer is closed.")
        self._size = result.size
        written = self._video.frames
        for segment in result.segments:
            if not segment.visible:
                continue
            places = self._places.setdefault(segment.id, array("q"))
            places.extend([_ABSENT] * (written - len(places)))
            places.append(self._spool.append(encode_rle(segment.mask)))
        self._video.add(result)

    def close(self) -> None:
        """Writes the json."""
        if self._spool is None:
            return
        try:
            if self._video.frames:
                with replacing(self.path) as partial, JsonRows(partial) as rows:
                    for row in self._rows(self._spool):
                        rows.append(row)
        finally:
            self._spool.close()
            self._spool = None

    def _rows(self, spool: JsonSpool) -> Iterator[dict[str, Any]]:
        height, width = self._size
        listed = {entry.id for entry in self.table}
        entries = [entry for entry in self.table if entry.id in self._places]
        entries += [
            Track(summary.id, summary.category, summary.mean_score, summary.is_thing)
            for summary in self._video.tracks
            if summary.id not in listed
        ]
        for entry in entries:
            yield {
                "video_id": self.video_id,
                "track_id": entry.id,
                "category_id": self._numbers.number(entry),
                "category": category_name(entry),
                "score": round(float(entry.score), 5),
                "height": height,
                "width": width,
                "segmentations": self._masks(self._places[entry.id], spool),
            }

    def _masks(self, places: Sequence[int], spool: JsonSpool) -> list[CocoRLE | None]:
        """The mask of every frame, None where the track is out of sight."""
        missing = [_ABSENT] * (self._video.frames - len(places))
        return [None if p == _ABSENT else spool.read(p) for p in (*places, *missing)]
