"""Ref-DAVIS: sentences in four text files beside DAVIS, or in the form of Ref-YouTube-VOS."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.davis import UNSUPERVISED
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from .davis import check_davis
from .expressions import check_expressions
from .label_maps import present
from .pictures import read_label_file
from .survey import Survey

_TEXTS = (
    "Davis17_annot1.txt",
    "Davis17_annot1_full_video.txt",
    "Davis17_annot2.txt",
    "Davis17_annot2_full_video.txt",
)
_LABELS = "Annotations_unsupervised"
# names in the published lists of sentences → names of the videos
_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}


def check_ref_davis(root: Path, survey: Survey) -> None:
    """Checks the converted form where it is there, else DAVIS and the text files."""
    if (root / "meta_expressions").is_dir():
        check_expressions(root, survey, annotators=len(_TEXTS))
        return
    texts = root / "davis_text_annotations"
    if not texts.is_dir():
        survey.absent(texts, "the lists of sentences")
    davis = root / "DAVIS" if (root / "DAVIS").is_dir() else root
    inner = Survey("val" if survey.split == "valid" else survey.split, survey.progress)
    inner.findings = survey.findings
    check_davis(davis, inner, edition=UNSUPERVISED)
    for part, counts in inner.counts.items():
        for what, number in counts.items():
            survey.count("valid" if part == "val" else part, what, number)
    if texts.is_dir():
        _check_texts(texts, davis, survey)


def _check_texts(texts: Path, davis: Path, survey: Survey) -> None:
    told: dict[Path, set[tuple[str, int]]] = {}
    for name in _TEXTS:
        file = texts / name
        if not file.is_file():
            survey.absent(file, "the sentences of one annotator")
        else:
            told[file] = _read_text(file, survey)
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
    places = sorted(path for path in (davis / _LABELS).glob("*") if path.is_dir())
    masks = next(iter(places), davis / _LABELS)
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
    for file in sorted(folder.glob("*.png")):
        seen |= _ids(file) & wanted
        if seen == wanted:
            break
    return seen


def _read_text(file: Path, survey: Survey) -> set[tuple[str, int]]:
    """(video, object) of each line."""
    found: set[tuple[str, int]] = set()
    for number, line in enumerate(file.read_bytes().decode("latin-1").splitlines(), start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r'\s*(\S+)\s+(\d+)\s+"?(.*?)"?\s*', line)
        if match is None or not match[3].strip():
            survey.findings.error(
                "sentences",
                file,
                f'{file}, line {number}, is not of the form <video> <object> "<words>".',
            )
            continue
        pair = (_MISSPELT.get(match[1], match[1]), int(match[2]))
        if pair in found:
            survey.findings.error(
                "sentences", file, f"{file}, line {number}: {pair[0]} {pair[1]} comes twice."
            )
        found.add(pair)
    return found


def _ids(file: Path) -> set[int]:
    try:
        return set(present(read_label_file(file)[1])) - {0, 255}
    except DataError:
        return set()
