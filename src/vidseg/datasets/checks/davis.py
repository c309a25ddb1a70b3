"""DAVIS 2016 and 2017, semi-supervised and unsupervised."""

from __future__ import annotations

from pathlib import Path

from ...formats.layouts import davis
from ...formats.layouts.lists import keep_videos, read_names
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from .folders import compare_folders, pictures_or_none
from .label_maps import DAVIS, MapRule
from .object_videos import VideoRule, check_video
from .survey import Survey

_BINARY = MapRule(modes=("L",), readable=("P", "1"))


def check_davis(root: Path, survey: Survey, *, edition: davis.Edition) -> None:
    """Checks the folder DAVIS: pictures, masks and lists."""
    there = davis.resolutions(root, edition)
    if not there:
        survey.absent(davis.map_folder(root, edition, "480p"), "where the masks should be")
        return
    lists = _lists(root, edition, survey)
    for resolution in there:
        masks = davis.map_folder(root, edition, resolution)
        pictures = pictures_or_none(davis.picture_folder(root, resolution), survey)
        known = set(subfolders(masks)) | set(subfolders(pictures) if pictures else ())
        wanted: dict[str, str] = {}
        for part, (file, names) in lists.items():
            folders = (masks, pictures) if pictures else (masks,)
            kept = keep_videos(names, file, *folders, problems=survey.findings)
            wanted.update(dict.fromkeys(kept, part))
            survey.count(part, "videos", len(kept) if resolution == there[0] else 0)
        if not lists:
            wanted = dict.fromkeys(known, "")
        elif edition is not davis.DAVIS2016 and survey.split is None:
            _unlisted(root, masks, known - set(wanted), survey)
        for video in compare_folders(pictures, masks, survey):
            if video in wanted:
                shown = pictures / video if pictures else None
                _check(shown, masks / video, edition, wanted[video], survey)
                survey.progress(video)


def _lists(
    root: Path, edition: davis.Edition, survey: Survey
) -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Part → (file, names). Lists of the whole (trainval) are left to their parts."""
    folder = root / edition.lists[-1]
    there = davis.split_lists(root, edition)
    if not there and survey.split is None:
        survey.findings.warning(
            "splits",
            folder,
            f"There is no folder {folder} of split lists; all videos are checked, but not the "
            "splits.",
        )
        return {}
    whole = survey.split == "trainval"  # the sum of the lists of its parts
    found = {
        name: (file, read_names(file, survey.findings))
        for name, file in there.items()
        if name != "trainval" and (whole or survey.wants(name))
    }
    if not found:
        wanted = folder / f"{survey.split or 'val'}.txt"
        survey.findings.error("splits", folder, f"There is no list {wanted}; download it again.")
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
    pictures: Path | None, masks: Path, edition: davis.Edition, part: str, survey: Survey
) -> None:
    every = not part.startswith("test")  # of those the masks of the first frame are public
    if edition is davis.DAVIS2016:
        rule = VideoRule(maps=_BINARY, every=every, consecutive=True, binary=True)
        check_video(pictures, masks, rule, survey)
        return
    unsupervised = edition is davis.UNSUPERVISED
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
