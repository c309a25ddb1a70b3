"""A benchmark as released: its videos, what is given of them, and where its ground truth lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, overload

from ..datasets.class_lists import class_list
from ..datasets.sources.base import SparseSource
from ..datasets.sources.registry import open_dataset, splits_of
from ..errors import DataError
from ..formats.layouts import object_meta, viposeg, ytvis
from ..formats.layouts.places import find_split
from ..geometry.masks import decode_rle
from ..labels import LabelSource, VideoInfo
from ..pictures.label_maps import read_small_label_map
from ..prompts import Mask
from ..types import ImageArray, MaskArray
from ..vocabularies import Vocabulary, get_vocabulary
from .rows import BenchmarkRow, dataset_of, find_row

Item = TypeVar("Item")
Masks = Mapping[int, MaskArray]


class OnRequest(Sequence[Item]):
    """What belongs to each of the first frames of a video, read whenever it is asked for."""

    def __init__(self, read: Callable[[int], Item], length: int) -> None:
        self._read, self._length = read, length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, frame: int) -> Item: ...

    @overload
    def __getitem__(self, frame: slice) -> Sequence[Item]: ...

    def __getitem__(self, frame: int | slice) -> Item | Sequence[Item]:
        if isinstance(frame, slice):
            return [self._read(place) for place in range(self._length)[frame]]
        return self._read(range(self._length)[frame])


@dataclass(frozen=True, eq=False)
class Release:
    """An opened benchmark.

    Attributes:
        name: plain, as in :data:`vidseg.benchmarking.rows.ROWS`.
        row: of the table.
        split: the part that is run.
        root: folder of the release.
        source: its reader.
        classes: what by-category tasks ask for; None for no classes.
        category_ids: class name → the release's own number.
    """

    name: str
    row: BenchmarkRow
    split: str
    root: Path
    source: LabelSource
    classes: Vocabulary | None
    category_ids: Mapping[str, int]

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """All videos of the split."""
        return self.source.videos

    def pictures(self, video: int) -> Sequence[ImageArray]:
        """The frames of a video, decoded when asked for."""
        return OnRequest(partial(self.source.picture, video), len(self.videos[video].frames))

    def given_masks(self, video: int) -> Sequence[Masks | None]:
        """Masks by object that the benchmark shows to the model; None for frames without."""
        frames = self.videos[video].frames
        if self.name == "viposeg":
            return OnRequest(partial(self._given_stuff, video), len(frames))
        return OnRequest(partial(self._labelled, video), len(frames))

    def _labelled(self, video: int, frame: int) -> Masks | None:
        if frame and self.name in ("davis2016", "davis2017"):
            return None  # objects that enter later are not given, nor do they count
        labels = self.source.labels(video, frame)
        if labels is None:
            return None
        return {id: decode_rle(mask) for id, mask in labels.masks.items()}

    def _given_stuff(self, video: int, frame: int) -> Masks | None:
        """VIPOSeg keeps the masks that are given apart from those that are measured."""
        (part,) = viposeg.parts(self.root, self.split).values()
        info = self.videos[video]
        path = part / viposeg.GIVEN / info.name / f"{info.frames[frame]}.png"
        if not path.is_file():
            return None
        values = read_small_label_map(path)
        return {id: values == id for id in sorted(set(values.flatten().tolist()) - {0})}

    def truth(self) -> Path | None:
        """What ``evaluate`` is given; None where the release keeps the ground truth back."""
        if not any(self._is_measured(video) for video in range(len(self.videos))):
            return None
        if self.row.form == "tracks":
            return find_split(self.root, self.split, ytvis.FILES, self.name)[1]
        if self.name in ("youtube_vos", "mose"):
            parts = object_meta.parts(self.root, (self.split,), self.split)
            return next(iter(parts.values()), self.root)
        return self.root

    def _is_measured(self, video: int) -> bool:
        """Whether a frame of a video is labelled in which no object enters."""
        source = self.source
        flags = (
            source.labelled(video)
            if isinstance(source, SparseSource)
            else [True] * len(self.videos[video].frames)
        )
        if self.row.task.by_category or self.row.form in ("burst", "annotators", "sentences"):
            return any(flags)
        seen: set[int] = set()
        for frame in (place for place, flag in enumerate(flags) if flag):
            labels = source.labels(video, frame)
            ids = set(labels.masks) if labels is not None else set()
            if seen and ids <= seen:
                return True
            seen |= ids
        return False


def first_masks(masks: Sequence[Masks | None]) -> Iterator[Mask]:
    """The first mask of each object, as a prompt on its frame."""
    seen: set[int] = set()
    for frame, shown in enumerate(masks):
        for id, mask in (shown or {}).items():
            if id not in seen and mask.any():
                seen.add(id)
                yield Mask(mask, object_id=id, frame=frame)


def open_release(
    name: str, root: str | Path, split: str | None = None, protocol: str | None = None
) -> Release:
    """Opens a benchmark.

    Args:
        name: of the benchmark.
        root: folder of its release.
        split: part of it; by default the one that papers report.
        protocol: of the evaluation; some are measured on another copy of the release.

    Raises:
        DataError: an unknown name or split, or a file that is missing or damaged.
    """
    plain, row = find_row(name)
    dataset, folder = dataset_of(plain, protocol), Path(root)
    wanted = split or row.split
    if split is not None and split not in splits_of(dataset):
        known = ", ".join(splits_of(dataset))
        raise DataError(f"{plain} has no split {split!r}; it has {known}.")
    source = open_dataset(dataset, folder, wanted)
    if not source.videos:
        raise DataError(f"{folder} holds no video of the split {wanted} of {plain}.")
    classes, ids = _classes(row, source, f"{plain} ({folder})")
    return Release(plain, row, wanted, folder, source, classes, ids)


def _classes(
    row: BenchmarkRow, source: LabelSource, where: str
) -> tuple[Vocabulary | None, dict[str, int]]:
    if row.classes is None:
        return None, {}
    if row.form == "proposals":
        return get_vocabulary(row.classes), {}
    _, rows = class_list(row.classes, row.dataset, None, source.categories, where)
    known = get_vocabulary(row.classes)
    asked = sorted(rows.values())
    vocabulary = Vocabulary(
        tuple(known.names[place] for place in asked),
        tuple(known.is_thing[place] for place in asked),
        tuple(known.texts[place] for place in asked),
    )
    return vocabulary, {known.names[place]: id for id, place in rows.items()}
