"""Ref-DAVIS17.

    DAVIS/                                             DAVIS 2017 with Annotations_unsupervised; or
                                                       its folders in the root
    davis_text_annotations/Davis17_annot1.txt          one annotator, who saw the first frame,
    davis_text_annotations/Davis17_annot1_full_video.txt    and who saw the whole video;
    davis_text_annotations/Davis17_annot2.txt               and another one
    davis_text_annotations/Davis17_annot2_full_video.txt    <video> <object> "<words>"

Or, converted to the form of Ref-YouTube-VOS:

    meta_expressions/<split>/meta_expressions.json     train, valid
    <split>/{JPEGImages,Annotations}/<video>, <split>/meta.json

Sentences are numbered 4 k + a for the k-th object of a video and the annotator a = 0..3 in the
order above, in both forms. The split valid is DAVIS's val; 255 is void.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import clause
from .places import first_folder
from .problems import STRICT, Problems
from .ref_youtube_vos import FOLDER

SPLITS = ("train", "valid")
_ENCODINGS = {
    "Davis17_annot1.txt": "utf-8",
    "Davis17_annot1_full_video.txt": "utf-8",
    "Davis17_annot2.txt": "latin-1",
    "Davis17_annot2_full_video.txt": "latin-1",
}
ANNOTATORS = len(_ENCODINGS)
_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
"""Names in the lists of sentences → names of the videos."""

Texts = dict[tuple[str, int], str]
"""(Video, object) → words of one annotator."""


def is_converted(root: Path) -> bool:
    """Whether the folder has the form of Ref-YouTube-VOS."""
    return (root / FOLDER).is_dir()


def davis_folder(root: Path) -> Path:
    """The folder of DAVIS 2017."""
    return first_folder((root / "DAVIS", root))


def davis_split(split: str | None) -> str | None:
    """The name that DAVIS gives a split."""
    return "val" if split == "valid" else split


def text_files(root: Path) -> tuple[Path, ...]:
    """The sentences of the annotators in their order, whether or not they are there."""
    return tuple(root / "davis_text_annotations" / name for name in _ENCODINGS)


def read_text(file: Path, problems: Problems = STRICT) -> Texts:
    """The sentences of one annotator in the order of the file; faulty lines are reported."""
    try:
        lines = file.read_text(encoding=_ENCODINGS[file.name]).splitlines()
    except FileNotFoundError:
        problems.error("missing files", file, f"There is no {file}, the sentences of an annotator.")
        return {}
    except (OSError, ValueError) as error:
        problems.error(
            "unreadable files", file, f"Cannot read the sentences {file}: {clause(error)}."
        )
        return {}
    found: Texts = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        video, id, words, *_ = [*line.split(maxsplit=2), "", ""]
        words = " ".join(words.split()).strip('"')
        if not id.isdecimal() or int(id) < 1 or not words:
            problems.error(
                "sentences",
                file,
                f'{file}, line {number}, is not of the form <video> <object> "<words>".',
            )
            continue
        key = _MISSPELT.get(video, video), int(id)
        if key in found:
            problems.error(
                "sentences", file, f"{file}, line {number}: {key[0]} {key[1]} comes twice."
            )
        found.setdefault(key, words)
    return found
