"""Ref-DAVIS: sentences in four text files beside DAVIS, or in the form of Ref-YouTube-VOS."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts import ref_davis as layout
from ...formats.layouts.davis import RESOLUTIONS, UNSUPERVISED, map_folder, resolutions
from ...formats.layouts.frames import MAP_ENDINGS
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from ...pictures.listing import list_pictures
from .davis import check_davis
from .expressions import check_expressions
from .label_maps import present
from .pictures import read_label_file
from .survey import Survey


def check_ref_davis(root: Path, survey: Survey) -> None:
    """Checks the converted form where it is there, else DAVIS and the text files."""
    if layout.is_converted(root):
        check_expressions(root, survey, annotators=layout.ANNOTATORS)
        return
    texts = layout.text_files(root)
    if not texts[0].parent.is_dir():
        survey.absent(texts[0].parent, "the lists of sentences")
    davis = layout.davis_folder(root)
    inner = Survey(layout.davis_split(survey.split), survey.progress)
    inner.findings = survey.findings
    check_davis(davis, inner, edition=UNSUPERVISED)
    for part, counts in inner.counts.items():
        for what, number in counts.items():
            survey.count("valid" if part == "val" else part, what, number)
    if texts[0].parent.is_dir():
        _check_texts(texts, davis, survey)


def _check_texts(texts: tuple[Path, ...], davis: Path, survey: Survey) -> None:
    read = {file: set(layout.read_text(file, survey.findings)) for file in texts}
    told = {file: pairs for file, pairs in read.items() if file.is_file()}
    if not told:
        return
    every = set().union(*told.values())
    for file, pairs in told.items():
        lacking = [f"{video} {id}" for video, id in sorted(every - pairs)]
        if lacking:
            survey.findings.error(
                "sentences",
                file,
                f"{file} has no sentence about {listed(lacking)}, of which the other annotators "
                "tell; download it again.",
            )
    _compare_objects(davis, told, survey)


def _compare_objects(davis: Path, told: dict[Path, set[tuple[str, int]]], survey: Survey) -> None:
    """Objects that a text tells of and that the masks lack, once each."""
    resolution = next(iter(resolutions(davis, UNSUPERVISED)), RESOLUTIONS[0])
    masks = map_folder(davis, UNSUPERVISED, resolution)
    there = set(subfolders(masks))
    known: set[tuple[str, int]] = set()
    for file, pairs in told.items():
        new = pairs - known
        known |= pairs
        for video in sorted({video for video, _ in new}):
            ids = {id for name, id in new if name == video}
            if video in there:
                absent = sorted(ids - _seen(masks / video, ids))
                if absent:
                    survey.findings.error(
                        "ids",
                        file,
                        f"{file} tells of the objects {listed(absent)} of {video}, which no mask "
                        f"in {masks / video} holds; download both again.",
                    )
            elif survey.split is None:
                survey.findings.error(
                    "ids",
                    file,
                    f"{file} tells of {video}, but there is no folder {masks / video}; download "
                    "the video.",
                )


def _seen(folder: Path, wanted: set[int]) -> set[int]:
    """Those of the ids that the masks hold; reads no further than needed."""
    seen: set[int] = set()
    for file in list_pictures(folder, MAP_ENDINGS) if folder.is_dir() else ():
        seen |= _ids(file) & wanted
        if seen == wanted:
            break
    return seen


def _ids(file: Path) -> set[int]:
    try:
        return set(present(read_label_file(file)[1])) - {0, 255}
    except DataError:
        return set()
