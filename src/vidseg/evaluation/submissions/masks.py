"""Folders of predicted PNG files, compared with what the dataset asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ...datasets.checks.pictures import in_words, read_header
from ...errors import DataError
from ...formats.layouts.problems import Findings, listed
from ...pictures.listing import is_hidden
from .archive import Entry
from .archive_layouts import ArchiveLayout
from .mask_values import MaskCheck
from .sequences import Sequence


def mask_entries(
    layout: ArchiveLayout,
    predicted: Path,
    expected: Mapping[str, Sequence] | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """Every PNG for the archive; each fault goes to ``findings``.

    Args:
        predicted: holds the folders, or the one of :attr:`ArchiveLayout.folder` with them.
        expected: folder → what must be in it; None where no dataset was given.
        progress: told the name of each folder that is done.
    """
    root = predicted / layout.folder if layout.folder else predicted
    if not root.is_dir():
        root = predicted
    folders = _folders(root, layout, findings)
    if not folders:
        findings.error(
            "missing files",
            root,
            f"{root} has no folder of masks; the layout is that of {layout.source}.",
        )
    entries: list[Entry] = []
    for name in sorted(set(folders) | set(expected or ())):
        wanted = None if expected is None else expected.get(name)
        if _asked_for(
            root / name, name in folders, expected is None or wanted is not None, findings
        ):
            files = folders[name]
            _compare_frames(root / name, files, wanted, findings)
            _check_files(root / name, files, layout, wanted, findings)
            entries += [
                Entry("/".join(filter(None, (layout.folder, name, file.name))), file)
                for file in files.values()
            ]
        progress(name)
    return entries


def _asked_for(folder: Path, there: bool, wanted: bool, findings: Findings) -> bool:
    """Whether a folder is both there and asked for."""
    if not there:
        findings.error(
            "missing files",
            folder,
            f"There is no folder {folder}, which the benchmark asks for; predict it too.",
        )
    elif not wanted:
        findings.error(
            "extra files",
            folder,
            f"{folder} is nothing that the benchmark asks for; remove it, or name another --split.",
        )
    return there and wanted


def _folders(root: Path, layout: ArchiveLayout, findings: Findings) -> dict[str, dict[str, Path]]:
    """Folder under the root → frame → file. Whatever else lies there is a finding."""
    base = os.path.realpath(root)  # unlike Path.resolve, it bears links to themselves
    found: dict[str, dict[str, Path]] = {}
    beside = "pred.json" if layout.shape == "panoptic" else ""

    def walk(folder: Path, depth: int) -> None:
        for path in sorted(folder.iterdir()):
            if is_hidden(path.name):
                continue
            if not Path(os.path.realpath(path)).is_relative_to(base):
                findings.error(
                    "extra files",
                    path,
                    f"{path} is a link to a place outside of {root}; put the file itself there.",
                )
            elif path.is_dir() and depth < layout.depth:
                walk(path, depth + 1)
            elif path.is_file() and depth == layout.depth and path.suffix == ".png":
                found.setdefault(folder.relative_to(root).as_posix(), {})[path.stem] = path
            elif not (depth == 0 and path.name == beside):
                findings.error(
                    "extra files", path, f"{path} does not belong into the archive; remove it."
                )
        if depth == layout.depth:
            found.setdefault(folder.relative_to(root).as_posix(), {})

    walk(root, 0)
    return found


def _compare_frames(
    folder: Path, files: Mapping[str, Path], wanted: Sequence | None, findings: Findings
) -> None:
    if wanted is None:
        if not files:
            findings.error("missing files", folder, f"{folder} is empty; put its masks there.")
        return
    missing = [frame for frame in wanted.frames if frame not in files and frame not in wanted.free]
    if missing:
        findings.error(
            "missing files",
            folder,
            f"{folder} lacks {len(missing)} of {len(wanted.frames)} frames: {listed(missing)}; "
            "every frame needs a mask, an empty one where nothing is seen.",
        )
    for frame in files:
        if frame not in wanted.frames:
            findings.error(
                "extra files",
                files[frame],
                f"{files[frame]} is no frame of the benchmark, whose names are like "
                f"{next(iter(wanted.frames), '00000')}.png; rename or remove it.",
            )


def _check_files(
    folder: Path,
    files: Mapping[str, Path],
    layout: ArchiveLayout,
    wanted: Sequence | None,
    findings: Findings,
) -> None:
    """Size, mode and values of every PNG of a folder; one is decoded at a time."""
    try:
        ids = wanted.ids() if wanted is not None and wanted.ids is not None else None
    except DataError as error:
        findings.error("the dataset", folder, str(error))
        ids = None
    check = MaskCheck(layout, ids, findings)
    common: tuple[int, int] | None = None
    for frame, file in files.items():
        size = check.look(file)
        if size is None:
            continue
        picture = None if wanted is None else wanted.frames.get(frame)
        try:
            asked = common if picture is None else read_header(picture).size
        except DataError as error:
            findings.error("the dataset", folder, str(error))
            asked = None
        if asked is not None and size != asked:
            other = f"{picture}" if picture is not None else "those before it"
            findings.error(
                "sizes",
                file,
                f"{file} is {in_words(size)}, {other} {in_words(asked)}; "
                "resize the mask with nearest neighbours.",
            )
        common = common or size
