"""BURST, on the frames of TAO.

    annotations/<split>/all_classes.json      or <split>/all_classes.json, all_classes.json
    frames/<split>/<dataset>/<sequence>/*     or images/..., <split>/...

    sequences    {id, seq_name, dataset, width, height, annotated_image_paths,
                  track_category_ids {track: class},
                  segmentations [{track: {rle, is_gt, score}}, one a frame],
                  neg_category_ids, not_exhaustive_category_ids, all_image_paths}
    categories   {id, name}, numbered as in LVIS
    split        train, val or test

A video is named ``<dataset>/<sequence>``. Its frames are the annotated ones; those of
``all_image_paths`` between them are left out. Masks that were not drawn by people (``is_gt`` false,
in train) have their score.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..plain_values import shown
from .coco_lists import class_ids
from .places import first_file, path_inside
from .problems import STRICT, Problems, listed
from .rows import Row, is_name, name_of, numbered, row_size, rows

SPLITS = ("train", "val", "test")
FILE = "all_classes.json"
FILES = {split: (f"annotations/{split}/{FILE}", f"{split}/{FILE}") for split in SPLITS}
"""Split → where its JSON file may lie, the usual place first."""
NAMED = ("neg_category_ids", "not_exhaustive_category_ids")
"""Classes that a sequence surely lacks, and those of which not every object is labelled."""

_KEYS = ("seq_name", "dataset", "annotated_image_paths", "track_category_ids")


def json_files(
    root: Path, splits: Sequence[str] = SPLITS, split: str | None = None
) -> dict[str, Path]:
    """Split → its JSON file, for those that are there and asked for, in the order of ``splits``.

    A file in ``root`` itself is of the split that is asked for, "" for none.
    """
    found = {}
    for name in splits if split is None else (split,):
        file = first_file(root / place for place in FILES.get(name, ()))
        if file is not None:
            found[name] = file
    alone = root / FILE
    return found or ({split or "": alone} if alone.is_file() else {})


def picture_folder(root: Path, split: str, source: Path) -> Path | None:
    """The folder of the frames of all data sets; None where they are not there."""
    places = (root / "frames" / split, root / "images" / split, root / split)
    return next((p for p in places if split and p.is_dir() and p != source.parent), None)


def split_of(content: Row, source: Path, problems: Problems) -> str | None:
    """The split that a file says it is of; None where it does not tell, or after a report."""
    split = content.get("split")
    if "split" not in content or (split in ("", *SPLITS)):
        return split
    problems.error(
        "splits",
        source,
        f"{source} says that it is of the split {shown(split)}; {', '.join(SPLITS)} are wanted.",
    )
    return None


@dataclass(frozen=True, eq=False)
class ListedSequence:
    """A sequence.

    Attributes:
        name: data set and sequence.
        size: (height, width).
        files: the annotated frames.
        every_file: all frames, those first that are not annotated.
        tracks: number as in the file → class.
        masks: of each annotated frame, by track; None where they are kept back.
        named_classes: key → classes that are absent or not labelled exhaustively.
    """

    name: str
    size: tuple[int, int]
    files: tuple[str, ...]
    every_file: tuple[str, ...] = field(repr=False)
    tracks: Mapping[str, int] = field(repr=False)
    masks: Sequence[Row] | None = field(repr=False)
    named_classes: Mapping[str, Sequence[int]] = field(repr=False)

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of the annotated frames without ending."""
        return tuple(str(PurePosixPath(file).with_suffix("")) for file in self.files)


def read_sequences(
    content: Row, source: Path, known: Container[int] | None, problems: Problems = STRICT
) -> Iterator[ListedSequence]:
    """The sequences of a file in its order; what is faulty is reported and left out.

    Args:
        content: the file, parsed.
        source: the file, for sentences.
        known: numbers of the classes that there are; None for any.
    """
    names: set[str] = set()
    ids: set[object] = set()
    for place, row in enumerate(rows(content, "sequences", source, problems)):
        lacking = [key for key in _KEYS if key not in row]
        if lacking:
            problems.error(
                "unreadable files",
                source,
                f"{source}: sequence number {place} lacks {listed(lacking)}.",
            )
            continue
        name = sequence_name(row, f"sequence number {place}", source, problems)
        if name is None:
            continue
        where = f"the sequence {name}"
        id = name_of(row, "id", where, source, problems) if "id" in row else None
        for key, known_ones in ((name, names), (id, ids)):
            if key in known_ones:
                problems.error("ids", source, f"{source} has the sequence {key} twice; keep one.")
            if key is not None:
                known_ones.add(key)
        sequence = _sequence(name, row, source, known, problems)
        if sequence is not None:
            yield sequence


def _sequence(
    name: str, row: Row, source: Path, known: Container[int] | None, problems: Problems
) -> ListedSequence | None:
    where = f"{source}: {name}"
    size = row_size(row, where, source, problems)
    if size is None:
        return None
    files, masks, tracks = (
        row.get(key) for key in ("annotated_image_paths", "segmentations", "track_category_ids")
    )
    if (
        not isinstance(files, list)
        or not all(map(is_name, files))
        or not isinstance(tracks, dict)
        or not isinstance(masks, (list, type(None)))
        or not all(isinstance(seen, dict) for seen in masks or ())
    ):
        problems.error(
            "unreadable files", source, f"{where} needs lists of frames and masks, and tracks."
        )
        return None
    names = tuple(files)
    others = row.get("all_image_paths", [])
    if not isinstance(others, list) or not all(map(is_name, others)):
        problems.error("unreadable files", source, f"{where} needs all_image_paths as a list.")
        return None
    every = tuple(dict.fromkeys((*others, *names)))
    if any(
        path_inside(source.parent, f"{name}/{file}", source, problems) is None for file in every
    ):
        return None
    nameless = [file for file in every if not PurePosixPath(file).name]
    if nameless:
        problems.error("names", source, f"{where} has the frame {nameless[0]!r}, which is no file.")
        return None
    if len({PurePosixPath(file).with_suffix("") for file in names}) < len(names):
        problems.error("ids", source, f"{where} has a frame twice.")
        return None
    if masks is not None and len(masks) != len(names):
        problems.error(
            "lengths",
            source,
            f"{where} has {len(masks)} segmentations and {len(names)} annotated_image_paths.",
        )
    classes = _tracks(tracks, where, source, known, problems)
    for frame, seen in enumerate(masks or ()):
        for track in seen:
            if track not in tracks:
                problems.error(
                    "ids",
                    source,
                    f"{where}, frame {frame}, track {track}, is not in track_category_ids.",
                )
    named = {
        key: class_ids(row, key, where, source, known, problems) for key in NAMED if key in row
    }
    return ListedSequence(name, size, names, every, classes, masks, named)


def sequence_name(row: Row, what: str, source: Path, problems: Problems) -> str | None:
    """``<dataset>/<sequence>`` of a row; None after a report."""
    parts = [name_of(row, key, what, source, problems) for key in ("dataset", "seq_name")]
    return None if None in parts else "/".join(map(str, parts))


def _tracks(
    tracks: Row, where: str, source: Path, known: Container[int] | None, problems: Problems
) -> dict[str, int]:
    found: dict[str, int] = {}
    numbers: set[int | None] = set()
    for track, category in tracks.items():
        number = numbered(track)
        if not number or number in numbers:  # the official program takes 0 for "no match"
            problems.error(
                "ids",
                source,
                f"{where} has the track {shown(track)}; numbers from 1, each once, are wanted.",
            )
        elif type(category) is not int or (known is not None and category not in known):
            problems.error(
                "classes",
                source,
                f"{where} gives track {track} the unknown class {shown(category)}.",
            )
        else:
            found[track] = category
        numbers.add(number)
    return found
