"""VIPSeg: the JSON files with panomasksRGB, and the masks of the release in panomasks."""

from __future__ import annotations

from pathlib import Path

from ...formats.layouts import vipseg as layout
from ...formats.layouts.frames import MAP_ENDINGS
from ...formats.layouts.lists import read_videos
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from ...formats.layouts.vipseg_lists import ListedVideo, check_complete, read_listing, video_tracks
from ...pictures.listing import PICTURE_ENDINGS
from .folders import (
    check_pictures,
    compare_folders,
    compare_frames,
    list_frames,
)
from .label_maps import MapRule, present, read_map
from .panoptic import check_segments
from .survey import Survey

_RAW = MapRule(modes=("L", "I;16", "I"))


def check_vipseg(root: Path, survey: Survey) -> None:
    """Checks the JSON files and what they name, the split lists, and raw masks if there are any."""
    pictures = layout.picture_folder(root)
    files = layout.json_files(root)
    if survey.split is not None:
        file = layout.json_of(root, survey.split)
        files = {} if file is None else {survey.split: file}
    for part, file in files.items():
        _check_json(root, part, file, pictures, survey)
    raw = root / layout.RELEASED_MAPS
    if raw.is_dir():
        _check_raw(pictures, raw, survey)
    elif not files and not (survey.split == "test" and pictures.is_dir()):
        survey.absent(layout.split_json(root, survey.split or "train"), "the list of segments")
    for part in layout.SPLITS:
        listing = layout.split_list(root, part)
        needed = survey.split == part and not files and raw.is_dir()
        if survey.wants(part) and (needed or listing.parent == root):
            folders = pictures, raw, root / layout.MAPS
            read_videos(listing, *folders, problems=survey.findings)


def _check_json(root: Path, part: str, file: Path, pictures: Path, survey: Survey) -> None:
    names = layout.names_in(file, root, part or None)
    listing = read_listing(file, survey.findings, names=names, areas="needed")
    if listing is None:
        return
    survey.count(part, "categories", len(listing.categories))
    survey.count(part, "videos", len(listing.videos))
    for video in listing.videos.values():
        check_complete(video.segments, video.frames, file, video.name, survey.findings)
        video_tracks(video, file, survey.findings)
        _check_video(root / layout.MAPS / video.name, video, file, pictures, survey)
        survey.progress(video.name)


def _check_video(
    masks: Path, video: ListedVideo, file: Path, pictures: Path, survey: Survey
) -> None:
    if not masks.is_dir():
        survey.absent(masks, f"of which {file} tells")
        return
    there = list_frames(masks, MAP_ENDINGS, survey)
    extra = sorted(set(there) - set(video.frames))
    if extra:
        survey.findings.error(
            "extra files",
            masks,
            f"{masks} has the frames {listed(extra)}, which {file} does not list; remove them.",
        )
    sizes: dict[str, tuple[int, int]] = {}
    if (pictures / video.name).is_dir():
        shown = list_frames(pictures / video.name, PICTURE_ENDINGS, survey)
        sizes = check_pictures(shown, survey)
        compare_frames(pictures / video.name, shown, masks, there, survey)
    elif pictures.is_dir():
        survey.absent(pictures / video.name, f"of which {file} tells")
    for frame, segments in video.segments.items():
        size = sizes.get(frame) or video.size
        check_segments(masks / f"{frame}.png", segments, size, file, survey)


def _check_raw(pictures: Path, raw: Path, survey: Survey) -> None:
    """0 nothing, 1 to 124 a region, above that 100 x class + instance."""
    videos = compare_folders(pictures, raw, survey) if pictures.is_dir() else subfolders(raw)
    for video in videos:
        masks = list_frames(raw / video, MAP_ENDINGS, survey)
        sizes: dict[str, tuple[int, int]] = {}
        if pictures.is_dir():
            shown = list_frames(pictures / video, PICTURE_ENDINGS, survey)
            sizes = check_pictures(shown, survey)
            compare_frames(pictures / video, shown, raw / video, masks, survey)
        for frame, file in masks.items():
            values = read_map(file, _RAW, sizes.get(frame), survey)
            shown_values = () if values is None else present(values)
            odd = [v for v in shown_values if v and layout.released_class(v) is None]
            if odd:
                survey.findings.error(
                    "values",
                    file,
                    f"{file} holds the values {listed(odd)}, which are no class from 1 to 124.",
                )
        survey.progress(video)
