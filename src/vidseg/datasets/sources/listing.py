"""Finding the videos of a dataset, their label maps and pictures, without decoding any."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.frames import MAP_ENDINGS, find_picture, frame_files
from ...formats.layouts.places import subfolders
from ...labels import VideoInfo
from ...pictures.reading import picture_size


@dataclass(frozen=True, eq=False)
class VideoFiles:
    """Where the files of a video lie.

    Attributes:
        info: name, frames, and the size where a file of text tells it.
        maps: folder of the label maps ``<frame>.png``.
        labelled: frames that have one.
        pictures: folder of the pictures, whether or not it is there.
    """

    info: VideoInfo
    maps: Path
    labelled: frozenset[str]
    pictures: Path


def check_size(path: Path, size: tuple[int, int], files: VideoFiles, frame: str) -> None:
    """Raises DataError where a label map is not of the size of its video or picture."""
    picture = find_picture(files.pictures, frame)
    wanted = {} if files.info.size is None else {"its video": files.info.size}
    if picture is not None:
        wanted[str(picture)] = picture_size(picture)
    for what, other in wanted.items():
        if size != other:
            raise DataError(
                f"The label map {path} is {size[0]} × {size[1]} (height × width), "
                f"{what} {other[0]} × {other[1]}; they must be equal."
            )


def list_video(
    name: str,
    maps: Path,
    pictures: Path,
    *,
    frames: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    source: Path | None = None,
) -> VideoFiles:
    """Finds the frames of a video.

    Args:
        name: of the video.
        maps: folder of its label maps.
        pictures: folder of its pictures. Where there are no pictures of any video, as in a folder
            of ground truth alone, the label maps tell the frames.
        frames: their names where a file lists them.
        size: (height, width) where a file tells it.
        source: that file, for messages.

    Raises DataError for a label map of a frame that does not exist, and a video without frames.
    """
    labelled = tuple(frame_files(maps, MAP_ENDINGS))
    known = source or pictures
    if frames is None and _beside(pictures, maps):
        frames = tuple(frame_files(pictures))
        if labelled and not frames:
            raise DataError(f"{pictures} has no pictures, but {maps} has label maps of them.")
    if frames is None:
        frames = labelled
    if not frames:
        raise DataError(f"Video {name} has neither pictures in {pictures} nor labels in {maps}.")
    strange = sorted(set(labelled) - set(frames))
    if strange:
        raise DataError(
            f"The label map {maps / strange[0]}.png is of a frame that {known} does not have; "
            f"add the picture or remove the map."
        )
    return VideoFiles(VideoInfo(name, tuple(frames), size), maps, frozenset(labelled), pictures)


def _beside(pictures: Path, maps: Path) -> bool:
    """Whether pictures were unpacked at all: the folder that holds those of all videos is there."""
    # Where pictures and maps lie in one folder of the video, as in VSPW, that folder is no sign.
    return pictures.is_dir() or (pictures.parent.is_dir() and pictures.parent != maps.parent)


def all_videos(*folders: Path) -> tuple[str, ...]:
    """Names of the folders of all videos, sorted. Raises DataError where there is none."""
    names = sorted({name for folder in folders for name in subfolders(folder)})
    if not names:
        raise DataError(f"{folders[0]} holds no folder of a video.")
    return tuple(names)


def check_all_listed(names: Collection[str], source: Path, *folders: Path) -> None:
    """Raises DataError for a video that has a folder and is not among the names of a file."""
    for name in all_videos(*folders):
        if name not in names:
            raise DataError(
                f"{source} does not list the video {name}, of which there is a folder in "
                f"{' or '.join(map(str, folders))}."
            )
