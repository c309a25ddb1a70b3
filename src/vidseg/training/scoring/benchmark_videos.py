"""Labelled videos that a run is measured on, in one form whatever their layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...datasets.class_lists import class_list
from ...datasets.clips.own_folders import OWN_FOLDERS
from ...datasets.sources.registry import open_dataset
from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import LabelSource, Sentence
from ...types import ImageArray, MaskArray
from ...vocabularies import is_thing_name
from ..data.sources import is_held_out, own_classes
from ..recipe.schema import BenchmarkConfig


@dataclass(frozen=True)
class TrueTrack:
    """An object or region of stuff.

    Attributes:
        row: into the names of the benchmark, -1 without a class.
        is_crowd: it may hold several objects.
    """

    row: int
    is_crowd: bool


def open_videos(config: BenchmarkConfig, root: Path) -> BenchmarkVideos:
    """The videos of a benchmark. Raises DataError or VocabularyError for what does not fit."""
    folder = root / config.folder
    where = f"the benchmark {config.name}"
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder} for {where}.")
    if config.kind in OWN_FOLDERS:
        own = OWN_FOLDERS[config.kind](folder, config.split)
        names, rows = own_classes(own)
        things = frozenset(row for row, name in enumerate(names) if is_thing_name(name))
        return BenchmarkVideos(own, names, rows, things, held_out=config.held_out)
    source = open_dataset(config.kind, folder, config.split)
    names, rows = class_list(
        "auto", config.kind, config.split, source.categories, f"{where} ({folder})"
    )
    return BenchmarkVideos(source, names, rows, held_out=config.held_out)


class BenchmarkVideos:
    """Videos by number, read frame by frame. Methods raise DataError for what cannot be read.

    Args:
        source: opened.
        names, rows: as :func:`~vidseg.datasets.class_lists.class_list` gives them.
        things: rows of the countable classes; None: as the source says.
        held_out: share of the videos that are taken, by name; 0: all.

    Attributes:
        names: K class names; empty where objects have none.
        things: rows of the countable classes.
        lengths: frames of each video.
    """

    def __init__(
        self,
        source: LabelSource,
        names: tuple[str, ...],
        rows: Mapping[int, int],
        things: frozenset[int] | None = None,
        *,
        held_out: float = 0.0,
    ) -> None:
        self._source, self._rows = source, rows
        self._taken = [
            place
            for place, video in enumerate(source.videos)
            if not held_out or is_held_out(video.name, held_out)
        ]
        self.names = names
        self.things = (
            things
            if things is not None
            else frozenset(rows[c.id] for c in source.categories if c.is_thing and c.id in rows)
        )
        self.lengths = tuple(len(source.videos[place].frames) for place in self._taken)

    def tracks(self, video: int) -> Mapping[int, TrueTrack]:
        """Everything that is labelled in a video, by id from 1."""
        return {
            track.id: TrueTrack(
                -1 if track.category_id is None else self._rows.get(track.category_id, -1),
                track.is_crowd,
            )
            for track in self._source.tracks(self._taken[video])
        }

    def category(self, track: TrueTrack) -> tuple[str | None, bool]:
        """(name of its class, whether that is a thing); (None, True) without a class."""
        if track.row < 0:
            return None, True
        return self.names[track.row], track.row in self.things

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """What is said about the objects of a video."""
        return self._source.sentences(self._taken[video])

    def picture(self, video: int, frame: int) -> ImageArray:
        """A frame."""
        return self._source.picture(self._taken[video], frame)

    def masks(self, video: int, frame: int) -> Mapping[int, MaskArray] | None:
        """[H, W] masks by track id; None for a frame that is not labelled."""
        labels = self._source.labels(self._taken[video], frame)
        if labels is None:
            return None
        return {id: decode_rle(mask) for id, mask in labels.masks.items()}
