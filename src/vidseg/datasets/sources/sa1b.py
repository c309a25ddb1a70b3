"""SA-1B (Kirillov et al., 2023): photographs with about a hundred masks each, without classes.

sa1b/                           as its archives unpack: everything in one folder,
  sa_000000/                    or a folder per archive
    sa_1.jpg
    sa_1.json                   {"image": {...}, "annotations": [...]}

sa1b/                           or pictures and labels apart
  images/sa_000000/sa_1.jpg
  annotations/sa_000000/sa_1.json
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ...errors import DataError
from ...formats.reading import read_json, read_picture
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...types import ImageArray
from .annotated_images import Record, annotation_masks, is_crowd, picture_size, value_of

SPLITS: tuple[str, ...] = ()
"""All of it is for training."""


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """All stills of a folder. Raises DataError where there are none, or for a split."""
    if split is not None:
        raise DataError(f"sa1b has no split {split!r}; it has none.")
    return Sa1bStills(folder)


class Sa1bStills:
    """The stills below a folder; a label file is read when its still is asked for.

    The name of a still is its place below the folder, without ending. Track ids count the masks
    from 1.
    """

    def __init__(self, folder: Path) -> None:
        apart = (folder / "annotations").is_dir()
        self._pictures = folder / "images" if apart else folder
        self._labels = folder / "annotations" if apart else folder
        names = set(_names(self._pictures, ".jpg")) | set(_names(self._labels, ".json"))
        if not names:
            raise DataError(f"{folder} holds no sa_*.jpg with sa_*.json beside it.")
        self._videos = tuple(
            VideoInfo(name, (name.rpartition("/")[2],)) for name in sorted(names, key=_order)
        )
        self._read = lru_cache(maxsize=1)(self._read_file)  # labels() follows upon tracks()

    @property
    def name(self) -> str:
        """Short name for messages."""
        return "sa1b"

    @property
    def categories(self) -> tuple[Category, ...]:
        """None."""
        return ()

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """A still is a video of one frame."""
        return self._videos

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The masks. Reads the label file of the still."""
        _, annotations, file = self._read(video)
        return tuple(
            LabelTrack(number, None, is_crowd(record, file))
            for number, record in enumerate(annotations, start=1)
        )

    def ratings(self, video: int) -> tuple[tuple[float, float], ...]:
        """(stability score, predicted IoU) of each mask, 0..1."""
        _, annotations, file = self._read(video)
        return tuple(
            (
                float(value_of(record, "stability_score", (int, float), file)),
                float(value_of(record, "predicted_iou", (int, float), file)),
            )
            for record in annotations
        )

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks; they overlap, parts lie on wholes."""
        size, annotations, file = self._read(video)
        return annotation_masks(annotations, size, file)

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._pictures / f"{self._videos[video].name}.jpg")

    def _read_file(self, video: int) -> tuple[tuple[int, int], Sequence[Record], Path]:
        file = self._labels / f"{self._videos[video].name}.json"
        content = read_json(file)
        image: Record = value_of(content, "image", dict, file)
        annotations: list[Record] = value_of(content, "annotations", list, file)
        for record in annotations:
            value_of(record, "id", int, file)
        return picture_size(image, file), annotations, file


def _names(root: Path, suffix: str) -> Iterator[str]:
    for path in root.rglob(f"sa_*{suffix}"):
        yield path.relative_to(root).with_suffix("").as_posix()


def _order(name: str) -> tuple[str, int, str]:
    """By folder, then by number."""
    folder, _, stem = name.rpartition("/")
    digits = stem.removeprefix("sa_")
    return folder, int(digits) if digits.isdecimal() else -1, stem
