"""The choice of formats by name, and several writers as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

from ..errors import OutputError
from ..results import FrameResult, Track
from ..types import Frame
from ..video.base import Source
from ..video.draw import DEFAULT_STYLE, OverlayStyle
from .categories import CategoryNumbers
from .davis import MOST_PALETTE_IDS, PalettePngWriter, is_palette_png
from .output_places import missing_folders, prepare_folder
from .overlay import OverlayPictureWriter, OverlayWriter
from .panoptic import MOST_COLOURS, PanopticWriter, is_colour_png
from .ytvis import YtvisResultWriter

FORMATS = ("overlay", "png", "ytvis", "panoptic")
"""Names that ``--save`` knows."""

_FILES = ("overlay.mp4", "overlay.png", "ytvis.json", "panoptic.json")
_FOLDERS: dict[str, Callable[[Path], bool]] = {"png": is_palette_png, "panoptic": is_colour_png}
_MOST_IDS = {"png": MOST_PALETTE_IDS, "panoptic": MOST_COLOURS}
_FRAME = re.compile(r"\d{5}|[1-9]\d{5,}")  # as frames are named: five digits, or as many as needed


class ResultWriter(Protocol):
    """Takes results frame by frame, in order, and holds no masks or pictures of past frames."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Adds one frame. Raises OutputError where it cannot be kept."""
        ...

    def close(self) -> None:
        """Finishes the files with the frames written so far, also after an interruption.

        Without a single frame nothing is left behind. Closing again does nothing.
        """
        ...


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of a comma-separated list, each once, in the order given.

    Raises OutputError for a name that is not in ``FORMATS`` and for an empty list.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise OutputError(f"No format to save was given; choose from {', '.join(FORMATS)}.")
    for name in names:
        if name not in FORMATS:
            raise OutputError(f"Unknown format {name!r} to save; choose from {', '.join(FORMATS)}.")
    return names


def check_ids(formats: Sequence[str], ids: Iterable[int]) -> None:
    """Raises OutputError where one of the formats has no room for an id."""
    for id in ids:
        for name in formats:
            if id > _MOST_IDS.get(name, id):
                raise OutputError(
                    f"Object {id} does not fit --save {name}, which holds ids up to "
                    f"{_MOST_IDS[name]}; give it a smaller id."
                )


def earlier_results(folder: Path) -> list[Path]:
    """Files that a run with any of ``FORMATS`` left in a folder; empty where it is not there."""
    files = [path for path in (folder / name for name in _FILES) if path.is_file()]
    for name in _FOLDERS:
        files += sorted(p for p in (folder / name).glob("*.png") if _FRAME.fullmatch(p.stem))
    return files


def check_replaceable(folder: Path, files: Sequence[Path]) -> None:
    """Raises OutputError where one of :func:`earlier_results` is not a run's own to delete.

    That is what lies behind a linked folder, and a picture such as no run writes.
    """
    for path in files:
        if path.parent == folder:
            continue
        if path.parent.is_symlink():
            raise OutputError(
                f"{path.parent} is a link to {path.parent.readlink()}, where nothing is deleted; "
                f"remove the link or name another folder with --out."
            )
        if not _FOLDERS[path.parent.name](path):
            raise OutputError(
                f"{path} is in the way and not a result of an earlier run; move it or name another "
                f"folder with --out."
            )


class WriterGroup:
    """Several writers that take the same frames. Use it in a ``with``: leaving closes them all.

    Args:
        writers: in the order in which they are given frames.
        made: folders that are taken away at the end if they are empty then, deepest first.
        replaced: files that are deleted once the first frame is there to take their place.
    """

    def __init__(
        self,
        writers: Sequence[ResultWriter],
        made: Sequence[Path] = (),
        replaced: Sequence[Path] = (),
    ) -> None:
        self.writers = writers
        self._made = (*dict.fromkeys(path.parent for path in reversed(replaced)), *made)
        self._replaced = tuple(replaced)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Hands one frame to every writer."""
        self._delete_replaced()
        for writer in self.writers:
            writer.write(frame, result)

    def _delete_replaced(self) -> None:
        files, self._replaced = self._replaced, ()
        try:
            for file in files:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{error.filename} cannot be replaced: {error.strerror}.") from error

    def rank(self, table: Sequence[Track]) -> None:
        """Hands the video-level table to the one format that holds it."""
        for writer in self.writers:
            if isinstance(writer, YtvisResultWriter):
                writer.table = table

    def close(self) -> None:
        """Closes every writer, also where one of them fails; an error is raised after the last."""
        with ExitStack() as stack:
            stack.callback(self._remove_empty_folders)
            for writer in self.writers:
                stack.callback(writer.close)

    def _remove_empty_folders(self) -> None:
        for folder in self._made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def __enter__(self) -> WriterGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_writers(
    names: Sequence[str],
    folder: Path,
    source: Source,
    *,
    numbers: CategoryNumbers | None = None,
    style: OverlayStyle = DEFAULT_STYLE,
    replaced: Sequence[Path] = (),
) -> WriterGroup:
    """Writers for the formats ``names`` under ``folder``, which is made and tried out first.

    ``numbers`` are those of the classes; ``replaced`` are deleted when the first frame comes.
    overlay → overlay.mp4 (overlay.png for a single picture) · png → png/*.png ·
    ytvis → ytvis.json · panoptic → panoptic/*.png and panoptic.json.
    Raises OutputError where the folder cannot be written to.
    """
    made = missing_folders(folder)
    prepare_folder(folder)
    numbers = numbers or CategoryNumbers()
    writers: list[ResultWriter] = []
    group = WriterGroup(writers, made, replaced)
    try:
        for name in names:
            writer = _open_writer(name, folder, source, numbers, style)
            writers.append(writer)
    except BaseException:
        group.close()
        raise
    return group


def _open_writer(
    name: str, folder: Path, source: Source, numbers: CategoryNumbers, style: OverlayStyle
) -> ResultWriter:
    if name == "overlay" and source.length == 1 and source.fps is None:
        return OverlayPictureWriter(folder / "overlay.png", style=style)
    if name == "overlay":
        return OverlayWriter(folder / "overlay.mp4", source, style=style)
    if name == "png":
        return PalettePngWriter(folder / "png")
    if name == "ytvis":
        return YtvisResultWriter(folder / "ytvis.json", numbers)
    if name == "panoptic":
        return PanopticWriter(folder / "panoptic", numbers)
    raise OutputError(f"Unknown format {name!r}; choose from {', '.join(FORMATS)}.")
