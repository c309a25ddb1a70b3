"""BURST, laid out as :mod:`vidseg.formats.layouts.burst` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ...formats.label_files.run_lengths import from_segmentation, without_empty
from ...formats.layouts import burst
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.places import find_split
from ...formats.layouts.problems import STRICT
from ...formats.layouts.rows import Row
from ...formats.plain_values import finite
from ...formats.reading import read_json
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...pictures.reading import read_picture
from ...results import CocoRLE
from ...types import ImageArray


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split, by default the only one there."""
    there = burst.json_files(folder, split=split)
    if len(there) == 1:
        (source,) = there.values()
    else:  # several or none: an error
        _, source = find_split(folder, split, burst.FILES, "burst")
    content = read_json(source)
    named = burst.split_of(content, source, STRICT) or split or ""
    pictures = burst.picture_folder(folder, named, source) or folder / "frames" / named
    return BurstVideos(content, source, pictures)


class BurstVideos:
    """The sequences of a file; masks are checked and pictures decoded on request.

    Args:
        content: the file, parsed.
        source: the file, for messages.
        pictures: folder of the frames of all datasets.

    Raises DataError for a file of another form, a class that it does not list, a mask of an
    undeclared track, and a sequence with more or fewer segmentations than frames.
    """

    def __init__(self, content: Row, source: Path, pictures: Path) -> None:
        self._source = source
        self._pictures = pictures
        self._categories = read_categories(content, source, STRICT)
        known = {category.id for category in self._categories}
        self._sequences = list(burst.read_sequences(content, source, known))
        self._videos = tuple(VideoInfo(one.name, one.frames, one.size) for one in self._sequences)

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
        tracks = self._sequences[video].tracks.items()
        return tuple(sorted((LabelTrack(int(n), c) for n, c in tracks), key=lambda one: one.id))

    def files(self, video: int) -> tuple[str, ...]:
        """Names of the annotated frames of a sequence, with their endings."""
        return self._sequences[video].files

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

    def labelled(self, video: int) -> tuple[bool, ...]:
        """Every frame is, where the masks are not kept back."""
        sequence = self._sequences[video]
        return (sequence.masks is not None,) * len(sequence.files)

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks, which may overlap; None where they are kept back.

        Raises DataError for one that cannot be read.
        """
        sequence = self._sequences[video]
        if sequence.masks is None:
            return None
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for number, row in sequence.masks[frame].items():
            id = int(number)
            try:
                masks[id] = from_segmentation(
                    {"size": sequence.size, "counts": row["rle"]}, sequence.size
                )
                if not row.get("is_gt", True) and "score" in row:
                    scores[id] = _score(row["score"])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f"{self._source}: the mask of track {number} in frame "
                    f"{sequence.frames[frame]} of {sequence.name} is wrong: {error}."
                ) from error
        masks = without_empty(masks)
        return FrameLabels(
            sequence.size, masks, scores={id: scores[id] for id in masks if id in scores}
        )

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        sequence = self._sequences[video]
        return read_picture(self._pictures / sequence.name / sequence.files[frame])


def _score(value: object) -> float:
    score = finite(value)
    if score is None:
        raise ValueError("its score is no number")
    return score
