"""What the lists and JSON files of single benchmarks say that a submission must hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...datasets.checks.label_maps import present
from ...datasets.checks.pictures import read_label_file
from ...errors import DataError
from ...formats.layouts import davis, kitti_step, ref_davis, ref_youtube_vos, vipseg, vspw
from ...formats.layouts.frames import MAP_ENDINGS, find_picture, frame_files
from ...formats.layouts.lists import read_videos
from ...formats.layouts.places import first_folder
from ...formats.layouts.ref_youtube_vos import DescribedVideo
from ...formats.layouts.vipseg_lists import read_frames
from ...pictures.listing import list_pictures
from .archive_layouts import ArchiveLayout
from .sequences import Sequence


def davis_videos(
    benchmark: str, truth: Path, layout: ArchiveLayout, split: str | None
) -> dict[str, Sequence]:
    """The videos of a list of DAVIS."""
    edition = davis.EDITIONS[benchmark]
    resolution = next(iter(davis.resolutions(truth, edition)), davis.RESOLUTIONS[0])
    maps = davis.map_folder(truth, edition, resolution)
    pictures = first_folder((davis.picture_folder(truth, resolution), maps))
    listing = _davis_list(truth, edition, layout.splits if split is None else (split,))
    if not pictures.is_dir():
        raise DataError(
            f"{truth} has neither JPEGImages nor {edition.maps}; name the folder DAVIS."
        )
    found: dict[str, Sequence] = {}
    for video in read_videos(listing, pictures):
        ids = _first_frame_ids(maps / video) if benchmark == "davis2017" else None
        found[video] = Sequence(frame_files(pictures / video), ids=ids)
    return found


def ref_davis_videos(truth: Path, layout: ArchiveLayout, split: str | None) -> dict[str, Sequence]:
    """The videos of Ref-DAVIS, once for each annotator."""
    if ref_davis.is_converted(truth):
        described = _described(truth, layout, split or "valid")
        videos = {name: sequence for name, (_, sequence) in described.items()}
    else:
        folder, named = ref_davis.davis_folder(truth), ref_davis.davis_split(split)
        videos = davis_videos("davis2017_unsup", folder, layout, named)
    return {
        f"anno_{k}/{video}": sequence
        for k in range(ref_davis.ANNOTATORS)
        for video, sequence in videos.items()
    }


def _davis_list(truth: Path, edition: davis.Edition, wanted: tuple[str, ...]) -> Path:
    lists = davis.split_lists(truth, edition)
    for name in wanted:
        if name in lists:
            return lists[name]
    raise DataError(
        f"There is no list {' or '.join(f'{name}.txt' for name in wanted)} in "
        f"{truth / edition.lists[-1]}; name the folder DAVIS, or another --split."
    )


def _first_frame_ids(folder: Path) -> Callable[[], frozenset[int]]:
    """DAVIS counts objects by the largest id of the first frame; a larger one stops its program."""

    def ids() -> frozenset[int]:
        files = list_pictures(folder, MAP_ENDINGS)
        if not files:
            raise DataError(f"{folder} has no mask that tells the objects of the first frame.")
        values = set(present(read_label_file(files[0])[1])) - {255}
        return frozenset(range(1, max(values, default=0) + 1))

    return ids


def vspw_videos(truth: Path, split: str) -> dict[str, Sequence] | None:
    """The videos of a list of VSPW; None where there is no such list."""
    if not vspw.split_list(truth, split).is_file():
        return None
    found: dict[str, Sequence] = {}
    for video in vspw.videos_of(truth, split):
        folder = first_folder((vspw.pictures(truth, video), vspw.maps(truth, video)))
        if not folder.is_dir():
            raise DataError(
                f"{vspw.split_list(truth, split)} names {video}, but there is no folder {folder} "
                "or mask."
            )
        found[video] = Sequence(frame_files(folder))
    return found


def step_sequences(truth: Path, split: str) -> dict[str, Sequence] | None:
    """The sequences of KITTI-STEP; None where there are none of the split."""
    pictures, maps = kitti_step.picture_folder(truth, split), kitti_step.map_folder(truth, split)
    names = kitti_step.sequences(truth, split)
    if not names:
        return None
    root = pictures if pictures.is_dir() else maps
    return {name: Sequence(frame_files(root / name)) for name in names}


def vipseg_videos(truth: Path, split: str) -> dict[str, Sequence] | None:
    """The videos and frames of VIPSeg; None where neither a JSON file nor a list tells them."""
    pictures, maps = vipseg.picture_folder(truth), truth / vipseg.MAPS
    source = vipseg.json_of(truth, split)
    if source is None:
        if not (truth / f"{split}.txt").is_file() or not pictures.is_dir():
            return None
        names = read_videos(vipseg.split_list(truth, split), pictures)
        return {name: Sequence(frame_files(pictures / name)) for name in names}
    chosen = vipseg.names_in(source, truth, split)
    found: dict[str, Sequence] = {}
    for name, stems in read_frames(source, names=chosen).items():
        found[name] = Sequence(
            {
                stem: find_picture(pictures / name, stem) or find_picture(maps / name, stem)
                for stem in stems
            }
        )
    return found


def expressions(truth: Path, layout: ArchiveLayout, split: str | None) -> dict[str, Sequence]:
    """Video and expression of Ref-YouTube-VOS."""
    return {
        f"{video}/{sentence.name}": sequence
        for video, (about, sequence) in _described(truth, layout, split).items()
        for sentence in about.sentences
    }


def _described(
    truth: Path, layout: ArchiveLayout, split: str | None
) -> dict[str, tuple[DescribedVideo, Sequence]]:
    """The videos of a split in the form of Ref-YouTube-VOS."""
    part = next(iter(ref_youtube_vos.parts(truth, split or layout.splits[0])), None)
    if part is None:
        raise DataError(f"There is no meta_expressions.json in {truth} or in its meta_expressions.")
    found = {}
    for name, video in ref_youtube_vos.read_part(part).items():
        folder = part.frames / name
        frames = {frame: find_picture(folder, frame) for frame in video.frames}
        found[name] = video, Sequence(frames)
    return found
