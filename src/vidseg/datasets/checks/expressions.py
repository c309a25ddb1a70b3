"""Sentences about objects of a video: Ref-YouTube-VOS and Ref-DAVIS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...formats.layouts import ref_youtube_vos as layout
from ...formats.layouts.frames import MAP_ENDINGS
from ...formats.layouts.problems import listed
from ...labels import Sentence
from ...pictures.listing import PICTURE_ENDINGS
from .folders import check_pictures, list_frames, pictures_or_none
from .label_maps import PALETTE
from .object_videos import VideoRule, mask_ids
from .survey import Survey

_MASKS = VideoRule(maps=PALETTE, every=False, void=True)


def check_expressions(root: Path, survey: Survey, *, annotators: int = 0) -> None:
    """Sentences, pictures and masks of every part that is there.

    Args:
        annotators: how many sentences each object has; 0 for any number.
    """
    parts = layout.parts(root, survey.split)
    if not parts:
        usual = root / layout.FOLDER / (survey.split or "valid") / layout.FILE
        survey.absent(usual, "the list of sentences")
    for part in parts:
        videos = layout.read_part(part, survey.findings)
        pictures_or_none(part.pictures, survey)
        for name, video in videos.items():
            _check_video(part, name, video, annotators, survey)
            survey.progress(name)


def _check_video(
    part: layout.Part, name: str, video: layout.DescribedVideo, annotators: int, survey: Survey
) -> None:
    file = part.source
    survey.count(part.split, "videos")
    survey.count(part.split, "expressions", len(video.sentences))
    pictures, masks = part.pictures / name, part.maps / name
    sizes: dict[str, tuple[int, int]] = {}
    absent: list[str] = []
    if pictures.is_dir():
        shown = list_frames(pictures, PICTURE_ENDINGS, survey)
        sizes = check_pictures(shown, survey)
        absent = [frame for frame in video.frames if frame not in shown]
    elif pictures.parent.is_dir():
        survey.absent(pictures, f"of which {file} tells")
        return
    if absent:
        survey.findings.error(
            "missing files",
            pictures,
            f"{pictures} lacks the frames {listed(absent)} that {file} names; download it again.",
        )
    known = _objects(masks, video.frames, file, sizes, survey)
    if known is None and part.split == "train" and not masks.is_dir():
        survey.absent(masks, f"of whose objects {file} tells")
    _check_sentences(file, name, video.sentences, known, annotators, survey)


def _objects(
    masks: Path,
    frames: Sequence[str],
    source: Path,
    sizes: Mapping[str, tuple[int, int]],
    survey: Survey,
) -> frozenset[int] | None:
    """Ids of all masks of a video; None where there are none or one cannot be read."""
    if not masks.is_dir():
        return None
    files = list_frames(masks, MAP_ENDINGS, survey)
    ids = mask_ids(files, _MASKS, sizes, survey)
    bare = [frame for frame in frames if frame not in files]
    if bare:
        survey.findings.error(
            "missing files",
            masks,
            f"{masks} lacks the masks of the frames {listed(bare)}; download it again.",
        )
    strange = [frame for frame in files if frame not in frames]
    if strange:
        survey.findings.error(
            "extra files",
            masks,
            f"{masks} has masks of the frames {listed(strange)}, which {source} does not name; "
            "remove them, or download that file again.",
        )
    none: frozenset[int] = frozenset()
    return none.union(*ids.values()) if len(ids) == len(files) else None


def _check_sentences(
    file: Path,
    video: str,
    sentences: Sequence[Sentence],
    known: frozenset[int] | None,
    annotators: int,
    survey: Survey,
) -> None:
    told: dict[int, int] = {}
    for sentence in sentences:
        where = f"{file}: expression {sentence.name} of {video}"
        if not sentence.text.strip():
            survey.findings.error("sentences", file, f"{where} is empty; download it.")
        for id in sentence.track_ids:  # of test and valid the objects are kept back
            told[id] = told.get(id, 0) + 1
            if known is not None and id not in known:
                survey.findings.error(
                    "ids",
                    file,
                    f"{where} means the object {id}, which no mask of the video holds; download "
                    "both again.",
                )
    uneven = [id for id, number in told.items() if annotators and number != annotators]
    if uneven:
        survey.findings.error(
            "sentences",
            file,
            f"{file}: the objects {listed(sorted(uneven))} of {video} have not {annotators} "
            "expressions each, one of every annotator; download it again.",
        )
    silent = sorted(known - set(told)) if known is not None and annotators else []
    if silent:
        survey.findings.error(
            "sentences",
            file,
            f"{file}: no expression tells of the objects {listed(silent)} of {video}.",
        )
