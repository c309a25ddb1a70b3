"""From any labels to any format, whole or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import DataError, OutputError
from ...labels import Category, FrameLabels, LabelSource, LabelTrack
from ...pictures.listing import is_hidden
from ..output_places import lone_output
from .base import LabelWriter, WriteOptions
from .fitting import Fitter
from .losses import LossLog
from .pictures import is_still
from .registry import LabelFormat

_WHOLE = "whole"  # the folder inside the hidden one that becomes the destination


@dataclass(frozen=True)
class Conversion:
    """What was done.

    Attributes:
        videos, frames, masks: how many were written.
        dropped: a line for each kind of thing that was lost because that was allowed.
        notes: what else a reader of the files must know.
    """

    videos: int
    frames: int
    masks: int
    dropped: tuple[str, ...]
    notes: tuple[str, ...]


def convert(
    source: LabelSource,
    target: LabelFormat,
    destination: Path,
    *,
    log: LossLog | None = None,
    allowed: Collection[str] = (),
    categories: Sequence[Category] = (),
    pictures: Path | None = None,
    on_video: Callable[[str], None] | None = None,
) -> Conversion:
    """Writes labels in a format. Labels are read once, frame by frame.

    Args:
        source: what is written.
        target: its new format.
        destination: a folder that is empty or not there yet; for a format of one file also the
            name of that file.
        log: the one that the reader was given; it may have losses already.
        allowed: names of losses that are accepted.
        categories: numbers and kinds for the classes of the source, which are found by name; one
            class for objects without any.
        pictures: folder with the pictures, where sizes or file endings are needed.
        on_video: called with its name after each video.

    Raises:
        DataError: the labels are damaged, or hold what the format cannot and ``allowed`` does not
            name; the first case and the count are told. Nothing is written then.
        OutputError: the destination is not empty, cannot be written to, or is named as one file
            where the format has several.
    """
    if target.file is None and destination.suffix in (".json", ".xml", ".zip"):
        raise OutputError(
            f"{target.title} is a folder of files, and {destination} is the name of one file; name "
            "a folder."
        )
    log = LossLog() if log is None else log
    _check_names(source, log)
    classes = _Classes(source, categories if target.holds.classes else ())
    with _replaced_whole(destination, target) as folder:
        writer = target.write(
            folder,
            WriteOptions(
                place=destination, categories=classes.categories, pictures=pictures, log=log
            ),
        )
        fitter = Fitter(target.name, target.holds, classes.categories, log)
        counts = [0, 0, 0]
        for number in range(len(source.videos)):
            _copy_video(source, number, classes, fitter, writer, counts)
            if on_video is not None:
                on_video(source.videos[number].name)
        writer.close()
        refusal = log.refusal(target.name, allowed)
        if refusal is not None:
            raise DataError(refusal)
    videos, frames, masks = counts
    return Conversion(videos, frames, masks, log.dropped(), log.notes)


def _check_names(source: LabelSource, log: LossLog) -> None:
    """Raises DataError where a still has the name of a frame of a video: files would be one."""
    for video in source.videos:
        for name in (video.name, *video.frames):
            if any(map(is_hidden, PurePosixPath(name).parts)):
                log.note("Files with such names are hidden; folders are read without them.", name)
    videos = {v.name: frozenset(v.frames) for v in source.videos if not is_still(v)}
    for name in (v.name for v in source.videos if is_still(v)):
        for at in (at for at, letter in enumerate(name) if letter == "/"):
            if name[at + 1 :] in videos.get(name[:at], ()):
                raise DataError(
                    f"{source.name} has the picture {name} twice: as a still and as a frame of the "
                    f"video {name[:at]}."
                )


def _copy_video(
    source: LabelSource,
    number: int,
    classes: _Classes,
    fitter: Fitter,
    writer: LabelWriter,
    counts: list[int],
) -> None:
    video = source.videos[number]
    tracks = [classes.renumbered(track) for track in source.tracks(number)]
    writer.begin(video, fitter.begin(video, tracks, source.sentences(number)))
    for frame, name in enumerate(video.frames):
        labels: FrameLabels | None = fitter.frame(name, source.labels(number, frame))
        writer.write(name, labels)
        counts[1] += 1
        counts[2] += 0 if labels is None else len(labels.masks)
    fitter.end()
    writer.end()
    counts[0] += 1


class _Classes:
    """The classes of the source, with numbers and kinds of another list where one is given."""

    def __init__(self, source: LabelSource, given: Sequence[Category]) -> None:
        by_name = {category.name: category for category in given}
        self._numbers: dict[int, int] = {}
        self._single: int | None = None
        self.categories = source.categories
        if not given:
            return
        for category in source.categories:
            if category.name not in by_name:
                raise DataError(
                    f"{source.name} has the class {category.name!r}, which the list of "
                    f"--categories lacks."
                )
            self._numbers[category.id] = by_name[category.name].id
        self.categories = tuple(given)
        self._single = given[0].id if len(given) == 1 else None

    def renumbered(self, track: LabelTrack) -> LabelTrack:
        """A track with the class of the list; the only one for a track without a class."""
        category = track.category_id
        new = self._single if category is None else self._numbers.get(category, category)
        return LabelTrack(track.id, new, track.is_crowd)


@contextmanager
def _replaced_whole(destination: Path, target: LabelFormat) -> Iterator[Path]:
    """A hidden folder beside the destination that becomes it when the block ends well."""
    as_file = target.file is not None and destination.suffix == Path(target.file).suffix
    if destination.name in ("", ".."):
        destination = destination.resolve()
    with lone_output(destination):
        if destination.is_dir() and any(destination.iterdir()):
            raise OutputError(f"{destination} is not empty; name another place.")
        if destination.is_file() or (as_file and destination.exists()):
            raise OutputError(f"{destination} exists already; name another place.")
        _remove_left(destination)
        try:
            hidden = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{destination} cannot be written: {reason}.") from error
        try:
            whole = hidden / _WHOLE
            whole.mkdir()
            yield whole
            if as_file:
                (whole / str(target.file)).replace(destination)
            else:
                if destination.is_dir():
                    destination.rmdir()
                whole.replace(destination)
        except OutputError as error:
            raise OutputError(str(error).replace(f"{hidden / _WHOLE}", f"{destination}")) from error
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{destination} cannot be written: {reason}.") from error
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def _remove_left(destination: Path) -> None:
    """Removes what conversions to the same place left when they were killed; none is at work."""
    name = re.compile(rf"\.{re.escape(destination.name)}-[a-z0-9_]{{8}}")
    with suppress(OSError):
        for folder in destination.parent.iterdir():
            named_so = name.fullmatch(folder.name) is not None and not folder.is_symlink()
            if named_so and {path.name for path in folder.iterdir()} <= {_WHOLE}:
                shutil.rmtree(folder, ignore_errors=True)
