"""YouTube-VIS and OVIS: one JSON a part, a list of masks for each object."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts.places import split_files
from ...formats.layouts.problems import listed
from ...formats.layouts.ytvis import FILES, Track, TrackLists, Video, picture_folder
from ...formats.reading import inside
from ...pictures.listing import is_hidden
from .annotations import check_mask
from .folders import check_pictures
from .pictures import in_words
from .survey import Survey


def check_vis(root: Path, survey: Survey) -> None:
    """Checks every part whose JSON is there, and its pictures if they are."""
    found = split_files(root, FILES, survey.split)
    for part, file in found.items():
        _check_part(root, part, file, survey)
    if not found:
        survey.absent(root / FILES[survey.split or "train"][0], "the list of videos")


def _check_part(root: Path, part: str, file: Path, survey: Survey) -> None:
    content = survey.json(file)
    if content is None:
        return
    lists = TrackLists(content, file, survey.findings)
    lists.names()
    pictures = picture_folder(root, part)
    if pictures is None:
        survey.findings.warning(
            "missing files", root, f"{root} has no pictures of {file.name}; only it was checked."
        )
    for video in lists.videos.values():
        if pictures is not None:
            _check_frames(pictures, file, video, survey)
        survey.progress(f"{part} video {video.id}")
    survey.count(part, "videos", len(lists.videos))
    survey.count(part, "categories", len(lists.categories))
    if not lists.labelled:
        if part == "train":
            survey.findings.error(
                "unreadable files", file, f"{file} has no annotations; download it again."
            )
        return
    labelled: set[int] = set()
    for track in lists.tracks():
        survey.count(part, "objects")
        labelled.add(track.video)
        _check_masks(track, lists.videos[track.video], file, survey)
    bare = sorted(lists.videos.keys() - labelled)
    if bare:
        survey.findings.warning(
            "empty labels", file, f"{file} has no annotation of the videos {listed(bare)}."
        )


def _check_frames(pictures: Path, file: Path, video: Video, survey: Survey) -> None:
    where = f"{file}: video {video.id}"
    try:
        paths = [inside(pictures, name, file) for name in video.files]
    except DataError as error:
        survey.findings.error("missing files", file, str(error))
        return
    missing = [path for path in paths if not path.is_file()]
    if missing:
        survey.findings.error(
            "missing files",
            missing[0].parent,
            f"{missing[0].parent} lacks {len(missing)} of {len(paths)} frames of {where}: "
            f"{listed([path.name for path in missing])}; download the video again.",
        )
    there = {path.stem: path for path in paths if path.is_file()}
    sizes = check_pictures(there, survey)
    for frame, real in list(sizes.items())[:1]:
        if real != video.size:
            survey.findings.error(
                "sizes",
                there[frame],
                f"{there[frame]} is {in_words(real)}, {where} says {in_words(video.size)}; "
                "download the pictures of the release.",
            )
    folders = {path.parent for path in paths}
    known = set(paths)
    strange = sorted(
        str(path)
        for folder in folders
        if folder.is_dir() and folder != pictures
        for path in folder.iterdir()
        if path not in known and not is_hidden(path.name)
    )
    if strange:
        survey.findings.warning(
            "extra files",
            strange[0],
            f"{listed(strange, 3)}: {file.name} does not list these files; remove them.",
        )


def _check_masks(track: Track, video: Video, file: Path, survey: Survey) -> None:
    masks, areas = track.segmentations, track.row.get("areas")
    if all(mask is None for mask in masks):
        survey.findings.error(
            "empty labels",
            file,
            f"{track.place} has no mask in any frame; download the file again.",
        )
    for frame, mask in enumerate(masks):
        if mask is None:
            continue
        area = areas[frame] if isinstance(areas, list) and frame < len(areas) else None
        check_mask(f"{track.place}, frame {frame},", mask, video.size, area, file, survey)
