"""The choice of formats by name, and several writers as one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

from ..errors import OutputError
from ..results import FrameResult, Track
from ..types import Frame
from ..video.base import Source
from ..video.draw import DEFAULT_STYLE, OverlayStyle
from .atomic import missing_folders, prepare_folder
from .categories import CategoryNumbers
from .davis import PalettePngWriter
from .overlay import OverlayPictureWriter, OverlayWriter
from .panoptic import PanopticWriter
from .ytvis import YtvisResultWriter

FORMATS = ("overlay", "png", "ytvis", "panoptic")
"""Names that ``--save`` knows."""

_FILES = ("overlay.mp4", "overlay.png", "ytvis.json", "panoptic.json")
_FOLDERS = ("png", "panoptic")


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


def earlier_results(folder: Path) -> list[Path]:
    """Files that a run with any of ``FORMATS`` left in a folder; empty where it is not there."""
    files = [path for path in (folder / name for name in _FILES) if path.is_file()]
    for name in _FOLDERS:
        files += sorted(p for p in (folder / name).glob("*.png") if p.stem.isdecimal())
    return files


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
        self.writers = tuple(writers)
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
    for name in names:
        if name == "overlay" and source.length == 1 and source.fps is None:
            writers.append(OverlayPictureWriter(folder / "overlay.png", style=style))
        elif name == "overlay":
            writers.append(OverlayWriter(folder / "overlay.mp4", source, style=style))
        elif name == "png":
            writers.append(PalettePngWriter(folder / "png"))
        elif name == "ytvis":
            writers.append(YtvisResultWriter(folder / "ytvis.json", numbers))
        elif name == "panoptic":
            writers.append(PanopticWriter(folder / "panoptic", numbers))
        else:
            raise OutputError(f"Unknown format {name!r}; choose from {', '.join(FORMATS)}.")
    return WriterGroup(writers, made, replaced)
