"""Datasets with a folder for each part, and in it pictures, masks and a JSON of the objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...formats.layouts import viposeg
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from .folders import MASKS, PICTURES, compare_folders, list_frames, pictures_or_none
from .label_maps import PALETTE
from .object_videos import VideoRule, check_video, mask_ids, object_ids
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
    for name, folder in _parts(root, ("train", "valid", "test"), survey):
        videos = _videos(folder / "meta.json", survey)
        part = _Part(name, folder, folder / "meta.json", videos)
        _compare_listing(part, survey)
        for video in compare_folders(_shown(folder, survey), folder / "Annotations", survey):
            _youtube_video(part, video, survey)
            survey.progress(video)


def _youtube_video(part: _Part, video: str, survey: Survey) -> None:
    about = part.videos.get(video)
    objects = about.get("objects") if isinstance(about, dict) else None
    pictures, masks = _frames_of(part.root, video), part.root / "Annotations" / video
    listed_ids = None if objects is None else object_ids(objects, part.listing, video, survey)
    # Without a split folder nothing says whether this is train, whose frames all have masks.
    rule = _DENSE if part.name == "train" else _SPARSE
    found = check_video(pictures, masks, rule, survey, objects=listed_ids, listing=part.listing)
    survey.count(part.name, "videos")
    survey.count(part.name, "objects", len(listed_ids or frozenset().union(*found.values())))
    if pictures is None:
        return
    frames = {path.stem for path in pictures.iterdir() if path.suffix.lower() in PICTURES}
    for name, row in objects.items() if isinstance(objects, dict) else ():
        said = row.get("frames", ()) if isinstance(row, dict) else ()
        absent = [frame for frame in said if frame not in frames]
        if absent:
            survey.findings.error(
                "missing files",
                pictures,
                f"{part.listing} gives object {name} of {video} the frames {listed(absent)}, which "
                f"{pictures} lacks; download the video again.",
            )


def check_mose(root: Path, survey: Survey) -> None:
    """``train`` and ``valid``; in train every frame has a mask. MOSEv2 adds a JSON of objects."""
    for name, folder in _parts(root, ("train", "valid", "test"), survey):
        places = [folder / f"meta_{name}.json", folder / "meta.json", root / f"meta_{name}.json"]
        listing = next((place for place in places if place.is_file()), None)
        videos = {} if listing is None else _videos(listing, survey)
        part = _Part(name, folder, listing or places[0], videos)
        _compare_listing(part, survey)
        rule = VideoRule(maps=PALETTE, every=name == "train", consecutive=True)
        for video in compare_folders(_shown(folder, survey), folder / "Annotations", survey):
            about = videos.get(video)
            names = about.get("objects") if isinstance(about, dict) else None
            objects = None if names is None else object_ids(names, part.listing, video, survey)
            found = check_video(
                _frames_of(folder, video),
                folder / "Annotations" / video,
                rule,
                survey,
                objects=objects,
                listing=part.listing,
            )
            survey.count(name, "videos")
            survey.count(name, "objects", len(frozenset().union(*found.values())))
            survey.progress(video)


def check_viposeg(root: Path, survey: Survey) -> None:
    """The parts of :mod:`vidseg.formats.layouts.viposeg`."""
    parts = viposeg.parts(root, survey.split)
    if not parts:
        survey.absent(root / (survey.split or "train") / viposeg.GIVEN, "where masks should be")
    for name, folder in parts.items():
        objects = viposeg.read_objects(folder, survey.findings)
        part = _Part(name, folder, viposeg.class_file(folder), objects)
        _compare_listing(part, survey)
        masks = viposeg.map_folder(folder)
        for video in compare_folders(_shown(folder, survey), masks, survey):
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
    told = mask_ids(list_frames(given, MASKS, survey), _NEW_IDS, {}, survey)
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


def _parts(root: Path, names: tuple[str, ...], survey: Survey) -> list[tuple[str, Path]]:
    """(name, folder) of the parts that are there and asked for; "" where ``root`` is one itself."""
    inner = ("JPEGImages", "Annotations")
    found = [
        (name, root / name)
        for name in names
        if any((root / name / folder).is_dir() for folder in inner)
    ]
    if not found and any((root / folder).is_dir() for folder in inner):
        return [(survey.split or "", root)]
    kept = [(name, folder) for name, folder in found if survey.wants(name)]
    if not kept:
        survey.absent(root / (survey.split or names[0]) / "Annotations", "where masks should be")
    return kept


def _videos(listing: Path, survey: Survey) -> Mapping[str, Any]:
    content = survey.json(listing)
    videos = None if content is None else content.get("videos")
    if content is not None and not isinstance(videos, dict):
        survey.findings.error(
            "unreadable files", listing, f"{listing} has no videos; download it again."
        )
    return videos if isinstance(videos, dict) else {}


def _compare_listing(part: _Part, survey: Survey) -> None:
    """Folders that the JSON lacks, and the reverse."""
    if not part.videos:
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
