"""Sentences about objects of a video: Ref-YouTube-VOS and Ref-DAVIS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...formats.layouts.frames import MAP_ENDINGS, PICTURE_ENDINGS
from ...formats.layouts.problems import listed
from .folders import check_pictures, list_frames, pictures_or_none
from .label_maps import PALETTE
from .object_videos import VideoRule, mask_ids
from .survey import Survey

_MASKS = VideoRule(maps=PALETTE, every=False, void=True)


def check_expressions(root: Path, survey: Survey, *, annotators: int = 0) -> None:
    """``meta_expressions/<part>/meta_expressions.json`` and ``<part>/JPEGImages``.

    Args:
        annotators: how many sentences each object has; 0 for any number.
    """
    found = False
    for part in ("train", "valid", "test"):
        file = root / "meta_expressions" / part / "meta_expressions.json"
        if not survey.wants(part) or not file.is_file():
            continue
        found = True
        content = survey.json(file)
        if content is None:
            continue
        videos = content.get("videos")
        others = _test_videos(root) if part == "valid" else frozenset()
        _check_all(root / part, file, part, videos, others, annotators, survey)
    alone = root / "meta_expressions.json"
    if not found and alone.is_file():
        found = True
        content = survey.json(alone) or {}
        part = survey.split or ""
        _check_all(root, alone, part, content.get("videos"), frozenset(), annotators, survey)
    if not found:
        part = survey.split or "valid"
        survey.absent(
            root / "meta_expressions" / part / "meta_expressions.json", "the list of sentences"
        )


def _test_videos(root: Path) -> frozenset[str]:
    """Videos of test, which the list of valid has as well."""
    content = Survey().json(root / "meta_expressions" / "test" / "meta_expressions.json")
    videos = (content or {}).get("videos")
    return frozenset(videos if isinstance(videos, dict) else ())


def _check_all(
    folder: Path,
    file: Path,
    part: str,
    videos: Any,
    others: frozenset[str],
    annotators: int,
    survey: Survey,
) -> None:
    if not isinstance(videos, dict):
        survey.findings.error("unreadable files", file, f"{file} has no videos; download it again.")
        return
    pictures_or_none(folder / "JPEGImages", survey)
    for video, about in videos.items():
        if video not in others:
            _check_video(folder, file, part, video, about, annotators, survey)
            survey.progress(video)


def _check_video(
    folder: Path,
    file: Path,
    part: str,
    video: str,
    about: Any,
    annotators: int,
    survey: Survey,
) -> None:
    sentences = about.get("expressions") if isinstance(about, dict) else None
    frames = about.get("frames") if isinstance(about, dict) else None
    if not isinstance(sentences, dict) or not isinstance(frames, list):
        survey.findings.error(
            "unreadable files", file, f"{file}: {video} lacks expressions or frames."
        )
        return
    survey.count(part, "videos")
    survey.count(part, "expressions", len(sentences))
    pictures, masks = folder / "JPEGImages" / video, folder / "Annotations" / video
    sizes: dict[str, tuple[int, int]] = {}
    absent: list[str] = []
    if pictures.is_dir():
        shown = list_frames(pictures, PICTURE_ENDINGS, survey)
        sizes = check_pictures(shown, survey)
        absent = [frame for frame in frames if frame not in shown]
    elif pictures.parent.is_dir():
        survey.absent(pictures, f"of which {file} tells")
        return
    if absent:
        survey.findings.error(
            "missing files",
            pictures,
            f"{pictures} lacks the frames {listed(absent)} that {file} names; download it again.",
        )
    if len(set(frames)) < len(frames):
        survey.findings.error("ids", file, f"{file} names a frame of {video} twice; keep one.")
    known = _objects(masks, frames, sizes, survey)
    if known is None and part == "train" and not masks.is_dir():
        survey.absent(masks, f"of whose objects {file} tells")
    _check_sentences(file, video, sentences, known, annotators, survey)


def _objects(
    masks: Path,
    frames: list[Any],
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
    none: frozenset[int] = frozenset()
    return none.union(*ids.values()) if len(ids) == len(files) else None


def _check_sentences(
    file: Path,
    video: str,
    sentences: Mapping[str, Any],
    known: frozenset[int] | None,
    annotators: int,
    survey: Survey,
) -> None:
    told: dict[int, int] = {}
    for name, row in sentences.items():
        text = row.get("exp") if isinstance(row, dict) else None
        if not isinstance(text, str) or not text.strip():
            survey.findings.error(
                "sentences", file, f"{file}: expression {name} of {video} is empty; download it."
            )
        object_id = row.get("obj_id") if isinstance(row, dict) else None
        if object_id is None:
            continue  # of test and valid the objects are kept back
        if not str(object_id).isdecimal():
            survey.findings.error(
                "ids",
                file,
                f"{file}: expression {name} of {video} means the object {object_id!r}, which is "
                "no number.",
            )
            continue
        told[int(object_id)] = told.get(int(object_id), 0) + 1
        if known is not None and int(object_id) not in known:
            survey.findings.error(
                "ids",
                file,
                f"{file}: expression {name} of {video} means the object {object_id}, which no mask "
                "of the video holds; download both again.",
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
