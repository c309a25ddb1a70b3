"""DAVIS 2016 and 2017, semi-supervised and unsupervised."""

from __future__ import annotations

from pathlib import Path

from ...formats.layouts.lists import keep_videos, read_names
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from .folders import compare_folders, pictures_or_none
from .label_maps import DAVIS, MapRule
from .object_videos import VideoRule, check_video
from .survey import Survey

_RESOLUTIONS = ("480p", "1080p", "Full-Resolution")
_BINARY = MapRule(modes=("L",), readable=("P", "1"))


def check_davis(root: Path, survey: Survey, *, year: str, labels: str = "Annotations") -> None:
    """Checks the folder DAVIS: pictures, masks and lists.

    Args:
        year: "2016" or "2017".
        labels: folder of the masks; ``Annotations_unsupervised`` for that task.
    """
    places = [name for name in _RESOLUTIONS if (root / labels / name).is_dir()]
    if not places:
        survey.absent(root / labels / "480p", "where the masks should be")
        return
    lists = _lists(root, year, survey)
    for place in places:
        masks = root / labels / place
        pictures = pictures_or_none(root / "JPEGImages" / place, survey)
        there = set(subfolders(masks)) | set(subfolders(pictures) if pictures else ())
        wanted: dict[str, str] = {}
        for part, (file, names) in lists.items():
            folders = (masks, pictures) if pictures else (masks,)
            kept = keep_videos(names, file, *folders, problems=survey.findings)
            wanted.update(dict.fromkeys(kept, part))
            survey.count(part, "videos", len(kept) if place == places[0] else 0)
        if not lists:
            wanted = dict.fromkeys(there, "")
        elif year == "2017" and survey.split is None:
            _unlisted(root, masks, there - set(wanted), survey)
        for video in compare_folders(pictures, masks, survey):
            if video in wanted:
                shown = pictures / video if pictures else None
                _check(shown, masks / video, year, labels, wanted[video], survey)
                survey.progress(video)


def _lists(root: Path, year: str, survey: Survey) -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Part → (file, names). Lists of the whole (trainval) are left to their parts."""
    folders = [root / "ImageSets" / year]
    if year == "2016":
        folders += [root / "ImageSets" / name for name in _RESOLUTIONS]
    folders.append(root)  # a list may lie in the root as well
    folder = next((each for each in folders if any(each.glob("*.txt"))), None)
    if folder is None:
        survey.findings.warning(
            "splits",
            folders[0],
            f"There is no folder {folders[0]} of split lists; all videos are checked, but not the "
            "splits.",
        )
        return {}
    whole = survey.split == "trainval"  # the sum of the lists of its parts
    found = {
        file.stem: (file, read_names(file, survey.findings))
        for file in sorted(folder.glob("*.txt"))
        if file.stem != "trainval" and (whole or survey.wants(file.stem))
    }
    if not found:
        name = survey.split or "val"
        survey.findings.error(
            "splits", folder, f"There is no list {folder / f'{name}.txt'}; download it again."
        )
    return found


def _unlisted(root: Path, pictures: Path, names: set[str], survey: Survey) -> None:
    if names:
        survey.findings.warning(
            "splits",
            pictures,
            f"{pictures} has {len(names)} videos that no list in {root / 'ImageSets'} names: "
            f"{listed(sorted(names))}; they are in no split.",
        )


def _check(
    pictures: Path | None, masks: Path, year: str, labels: str, part: str, survey: Survey
) -> None:
    every = not part.startswith("test")  # of those the masks of the first frame are public
    if year == "2016":
        rule = VideoRule(maps=_BINARY, every=every, consecutive=True, binary=True)
        check_video(pictures, masks, rule, survey)
        return
    unsupervised = labels != "Annotations"
    rule = VideoRule(
        maps=DAVIS,
        every=every,
        consecutive=True,
        contiguous=not unsupervised,
        void=unsupervised,
    )
    ids = check_video(pictures, masks, rule, survey)
    if ids:
        survey.count(part, "objects", len(ids[min(ids)]))
