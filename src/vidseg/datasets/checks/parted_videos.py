"""Datasets with a folder for each part, and in it pictures, masks and a JSON of the objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts import mose, object_meta, viposeg, youtube_vos
from ...formats.layouts.frames import MAP_ENDINGS, frame_files
from ...formats.layouts.object_meta import MAPS, ListedVideo, read_meta
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import Findings, listed
from ...pictures.listing import list_pictures, split_ending
from .folders import compare_folders, list_frames, pictures_or_none
from .label_maps import PALETTE
from .object_videos import VideoRule, check_video, mask_ids
from .pictures import in_words, read_header
from .survey import Survey

_SPARSE = VideoRule(maps=PALETTE, every=False)
_DENSE = VideoRule(maps=PALETTE, every=True)
_ANY_ID = VideoRule(maps=PALETTE, every=True, all_ids=True)
_NEW_IDS = VideoRule(maps=PALETTE, every=False, all_ids=True)


@dataclass(frozen=True)
class _Part:
    """One folder such as ``train``; its videos by the JSON, empty where there is none."""

    name: str
    root: Path
    listing: Path
    videos: Mapping[str, Any]


def check_youtube_vos(root: Path, survey: Survey) -> None:
    """``train``, ``valid`` and ``test`` with ``meta.json``; masks of every frame in train alone."""
    for name, folder in _parts(root, youtube_vos.SPLITS, survey).items():
        # Without a split folder nothing says whether this is train, whose frames all have masks.
        rule = _DENSE if name == "train" else _SPARSE
        _check_declared(name, folder, youtube_vos.meta_file(folder), rule, survey)


def check_mose(root: Path, survey: Survey) -> None:
    """``train`` and ``valid``; in train every frame has a mask. MOSEv2 adds a JSON of objects."""
    for name, folder in _parts(root, mose.SPLITS, survey).items():
        rule = VideoRule(maps=PALETTE, every=name == "train", consecutive=True)
        _check_declared(name, folder, mose.meta_file(folder), rule, survey)


def _check_declared(
    name: str, folder: Path, listing: Path | None, rule: VideoRule, survey: Survey
) -> None:
    videos = {} if listing is None else read_meta(listing, survey.findings)
    part = _Part(name, folder, listing or folder / "meta.json", videos)
    _compare_listing(part, survey)
    for video in compare_folders(_shown(folder, survey), folder / MAPS, survey):
        about = videos.get(video)
        objects = None if about is None else frozenset(about.objects)
        pictures = _frames_of(folder, video)
        found = check_video(
            pictures, folder / MAPS / video, rule, survey, objects=objects, listing=part.listing
        )
        survey.count(name, "videos")
        survey.count(name, "objects", len(objects or frozenset().union(*found.values())))
        if about is not None:
            _compare_size(part, video, about, pictures, survey)
        if pictures is not None and about is not None:
            _compare_seen(part, video, about, pictures, survey)
        survey.progress(video)


def _compare_size(
    part: _Part, video: str, about: ListedVideo, pictures: Path | None, survey: Survey
) -> None:
    """Height, width and length that the JSON states, against the pictures, else the masks."""
    frames = pictures or part.root / MAPS / video
    there = frame_files(frames, problems=Findings())  # whose faults are told of elsewhere
    try:
        real = read_header(next(iter(there.values()))).size if there else about.size
    except DataError:  # likewise
        real = about.size
    if about.size is not None and real != about.size and real is not None:
        survey.findings.error(
            "sizes",
            part.listing,
            f"{part.listing} says that {video} is {in_words(about.size)}, {frames} holds "
            f"{in_words(real)}.",
        )
    # Of videos without pictures not every frame need have a mask.
    if pictures is not None and about.length not in (None, len(there)):
        survey.findings.error(
            "lengths",
            part.listing,
            f"{part.listing} says that {video} has {about.length} frames, {frames} holds "
            f"{len(there)}.",
        )


def _compare_seen(
    part: _Part, video: str, about: ListedVideo, pictures: Path, survey: Survey
) -> None:
    """Frames in which objects are said to be seen, and that are not there."""
    frames = {split_ending(path.name)[0] for path in list_pictures(pictures)}
    for id, one in about.objects.items():
        absent = [frame for frame in one.frames if frame not in frames]
        if absent:
            survey.findings.error(
                "missing files",
                pictures,
                f"{part.listing} gives object {id} of {video} the frames {listed(absent)}, which "
                f"{pictures} lacks; download the video again.",
            )


def check_viposeg(root: Path, survey: Survey) -> None:
    """The parts of :mod:`vidseg.formats.layouts.viposeg`."""
    parts = viposeg.parts(root, survey.split)
    if not parts:
        survey.absent(root / (survey.split or "train") / viposeg.GIVEN, "where masks should be")
    for name, folder in parts.items():
        objects = viposeg.read_objects(folder, survey.findings)
        part = _Part(name, folder, viposeg.class_file(folder), objects)
        _compare_listing(part, survey)
        masks, shown = viposeg.map_folder(folder), _shown(folder, survey)
        for video in sorted(set(objects) - set(subfolders(masks))) if shown is None else ():
            survey.absent(masks / video, f"of which {part.listing} tells")
        for video in compare_folders(shown, masks, survey):
            _viposeg_video(part, masks, video, survey)
            survey.progress(video)


def _viposeg_video(part: _Part, masks: Path, video: str, survey: Survey) -> None:
    objects = frozenset(part.videos[video]) if video in part.videos else None
    pictures = _frames_of(part.root, video)
    found = check_video(
        pictures, masks / video, _ANY_ID, survey, objects=objects, listing=part.listing
    )
    survey.count(part.name, "videos")
    given = part.root / viposeg.GIVEN / video
    if masks.name != viposeg.ALL_MAPS:
        return
    if not given.is_dir():
        survey.absent(given, "where the masks of new objects should be")
        return
    told = mask_ids(list_frames(given, MAP_ENDINGS, survey), _NEW_IDS, {}, survey)
    for frame, ids in told.items():
        unknown = sorted(ids - found.get(frame, ids))
        if unknown:
            survey.findings.error(
                "ids",
                given / f"{frame}.png",
                f"{given / f'{frame}.png'} gives the ids {listed(unknown)}, which "
                f"{masks / video / f'{frame}.png'} lacks; download both again.",
            )


def _shown(folder: Path, survey: Survey) -> Path | None:
    return pictures_or_none(folder / "JPEGImages", survey)


def _frames_of(folder: Path, video: str) -> Path | None:
    """The pictures of a video; None where the dataset is there without pictures."""
    root = folder / "JPEGImages"
    return root / video if root.is_dir() else None


def _parts(root: Path, splits: tuple[str, ...], survey: Survey) -> dict[str, Path]:
    """Name → folder of the parts that are there and asked for."""
    there = object_meta.parts(root, splits, survey.split)
    if not there:
        survey.absent(root / (survey.split or splits[0]) / MAPS, "where masks should be")
    return there


def _compare_listing(part: _Part, survey: Survey) -> None:
    """Folders that the JSON lacks, and the reverse."""
    if not part.videos:
        told = any(finding.file == str(part.listing) for finding in survey.findings)
        if part.listing.is_file() and not told:
            survey.findings.error(
                "JSON", part.listing, f"{part.listing} lists no video; download it again."
            )
        return
    root = part.root / "JPEGImages"
    root = root if root.is_dir() else part.root / "Annotations"
    there = set(subfolders(root))
    for video in sorted(set(part.videos) - there):
        survey.findings.error(
            "missing files",
            root / video,
            f"{part.listing} lists {video}, but there is no folder {root / video}; download it.",
        )
    for video in sorted(there - set(part.videos)):
        survey.findings.error(
            "extra files",
            root / video,
            f"{root / video} is a video that {part.listing} does not list; "
            "remove it, or download that file again.",
        )
