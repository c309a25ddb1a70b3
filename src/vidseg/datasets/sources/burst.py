"""BURST, on the frames of TAO.

    annotations/<split>/all_classes.json      or <split>/all_classes.json, all_classes.json
    frames/<split>/<dataset>/<sequence>/*     or images/..., <split>/...

    sequences    {id, seq_name, dataset, width, height, annotated_image_paths,
                  track_category_ids {track: class},
                  segmentations [{track: {rle, is_gt, score}}, one a frame]}
    categories   {id, name}, numbered as in LVIS

Splits are train, val and test. A video is named ``<dataset>/<sequence>``. Its frames are the
annotated ones; those of ``all_image_paths`` between them are left out. Masks that were not drawn by
people (``is_gt`` false, in train) have their score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import DataError
from ...formats.label_files.run_lengths import from_segmentation, without_empty
from ...formats.layouts.places import find_split
from ...formats.reading import inside, read_json, read_picture
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...results import CocoRLE
from ...types import ImageArray
from .annotated_images import Record, first_folder, parse_categories, picture_size, value_of

SPLITS = ("train", "val", "test")
_FILE = "all_classes.json"


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    source = folder / _FILE
    if split is not None or not source.is_file():
        places = {s: (f"annotations/{s}/{_FILE}", f"{s}/{_FILE}") for s in SPLITS}
        split, source = find_split(folder, split, places, "burst")
    content = read_json(source)
    split = value_of(content, "split", str, source)
    pictures = (folder / "frames" / split, folder / "images" / split, folder / split)
    return BurstVideos(content, source, first_folder(pictures))


@dataclass(frozen=True, eq=False)
class _Sequence:
    info: VideoInfo
    size: tuple[int, int]
    pictures: Sequence[Path]
    tracks: dict[str, LabelTrack]
    masks: Sequence[Record]


class BurstVideos:
    """The sequences of a file; masks are checked and pictures decoded on request.

    Args:
        content: the file, parsed.
        source: the file, for messages.
        pictures: folder of the frames of all datasets.

    Raises DataError for a file of another form, a class that it does not list, a mask of an
    undeclared track, and a sequence with more or fewer segmentations than frames.
    """

    def __init__(self, content: Record, source: Path, pictures: Path) -> None:
        self._source = source
        self._categories = parse_categories(content, source)
        known = {category.id for category in self._categories}
        rows = value_of(content, "sequences", list, source)
        self._sequences = [self._sequence(row, pictures, known) for row in rows]
        self._videos = tuple(sequence.info for sequence in self._sequences)
        if len({info.name for info in self._videos}) < len(self._videos):
            raise DataError(f"{source} has two sequences of one dataset and name.")

    def _sequence(self, row: Record, pictures: Path, known: set[int]) -> _Sequence:
        source = self._source
        name = f"{value_of(row, 'dataset', str, source)}/{value_of(row, 'seq_name', str, source)}"
        paths = value_of(row, "annotated_image_paths", list, source)
        masks = value_of(row, "segmentations", list, source)
        if len(masks) != len(paths):
            raise DataError(
                f"{source}: sequence {name} has {len(masks)} segmentations of {len(paths)} frames."
            )
        frames = tuple(str(PurePosixPath(str(path)).with_suffix("")) for path in paths)
        if len(set(frames)) < len(frames):
            raise DataError(f"{source}: sequence {name} has a frame twice.")
        size = picture_size(row, source)
        folder = inside(pictures, name, source)
        files = [inside(folder, str(path), source) for path in paths]
        tracks = self._tracks(name, value_of(row, "track_category_ids", dict, source), known)
        for frame, listed in zip(frames, masks, strict=True):
            for number in listed:
                if number not in tracks:
                    raise DataError(
                        f"{source}: frame {frame} of {name} has a mask of track {number}, which "
                        f"track_category_ids lacks."
                    )
        return _Sequence(VideoInfo(name, frames, size), size, files, tracks, masks)

    def _tracks(self, name: str, rows: Record, known: set[int]) -> dict[str, LabelTrack]:
        tracks = {}
        for number in rows:
            category = value_of(rows, number, int, self._source)
            if not number.isdigit() or int(number) < 1 or category not in known:
                raise DataError(
                    f"{self._source}: track {number} of {name} has the class {category}; numbers "
                    f"from 1 and classes of the file are wanted."
                )
            tracks[number] = LabelTrack(int(number), category)
        return tracks

    @property
    def name(self) -> str:
        """Short name for messages."""
        return "burst"

    @property
    def categories(self) -> tuple[Category, ...]:
        """As the file lists them."""
        return self._categories

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """All sequences, in the order of the file."""
        return self._videos

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The tracks of a sequence, by id."""
        tracks = self._sequences[video].tracks.values()
        return tuple(sorted(tracks, key=lambda track: track.id))

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

    def labelled(self, video: int) -> tuple[bool, ...]:
        """Every frame is."""
        return (True,) * len(self._videos[video].frames)

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks, which may overlap. Raises DataError for one that cannot be read."""
        sequence = self._sequences[video]
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for number, row in sequence.masks[frame].items():
            id = sequence.tracks[number].id
            try:
                masks[id] = from_segmentation(
                    {"size": sequence.size, "counts": row["rle"]}, sequence.size
                )
                if not row.get("is_gt", True) and "score" in row:
                    scores[id] = float(row["score"])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f"{self._source}: the mask of track {number} in frame "
                    f"{sequence.info.frames[frame]} of {sequence.info.name} is wrong: {error}."
                ) from error
        masks = without_empty(masks)
        return FrameLabels(
            sequence.size, masks, scores={id: scores[id] for id in masks if id in scores}
        )

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._sequences[video].pictures[frame])
