"""Finding pictures of frames, their sizes and names. They are never copied or decoded here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ...errors import DataError
from ...labels import VideoInfo
from ...pictures import listing
from ...pictures.reading import picture_size
from ..reading import inside


def is_still(video: VideoInfo) -> bool:
    """Whether it is a picture of its own: one frame with the name of the video."""
    return len(video.frames) == 1 and PurePosixPath(video.name).name == video.frames[0]


def picture_stem(video: VideoInfo, frame: str) -> str:
    """Path of a frame without file ending: video/frame, or the name of a still."""
    return video.name if is_still(video) else f"{video.name}/{frame}"


def split_stem(stem: str) -> tuple[str, str]:
    """Names of video and frame of a still; undoes :func:`picture_stem` for stills."""
    return stem, PurePosixPath(stem).name


def split_ending(name: str) -> tuple[str, str]:
    """Path without the ending of a picture, and that ending; separators of Windows as others.

    >>> split_ending("a\\\\shot.v1.JPG"), split_ending("shot.v1")
    (('a/shot.v1', '.JPG'), ('shot.v1', ''))
    """
    return listing.split_ending(str(PurePosixPath(name.replace("\\", "/"))))


def picture_name(folder: Path | None, video: VideoInfo, frame: str) -> str:
    """Path of a frame with the ending of its picture: of the folder, the source, or .jpg."""
    stem = picture_stem(video, frame)
    if folder is None:
        return stem + video.endings.get(frame, ".jpg")
    return stem + split_ending(find_picture(folder, video, frame).name)[1]


def find_picture(folder: Path, video: VideoInfo, frame: str) -> Path:
    """The picture ``video/frame`` of the folder, or ``frame`` in it.

    Raises DataError where there is none.
    """
    for stem in dict.fromkeys((picture_stem(video, frame), f"{video.name}/{frame}", frame)):
        found = listing.find_picture(inside(folder, stem, folder))
        if found is not None:
            return found
    raise DataError(f"{folder} has no picture {picture_stem(video, frame)}.jpg or .png.")


def frame_size(
    folder: Path | None, video: VideoInfo, frame: str, needed_by: str
) -> tuple[int, int]:
    """(height, width) of a frame, from its picture if the video does not say it.

    Raises DataError where neither tells.
    """
    if video.size is not None:
        return video.size
    if folder is None:
        raise DataError(
            f"{needed_by} needs the size of {picture_stem(video, frame)}; name the folder of the "
            f"pictures with --pictures."
        )
    return picture_size(find_picture(folder, video, frame))


def frames_of(folder: Path | None, video: str) -> tuple[str, ...]:
    """Names of all pictures of a video in order; none where it has no folder there.

    Raises DataError where two differ in their ending alone.
    """
    place = None if folder is None else folder / video
    if place is None or not place.is_dir():
        return ()
    files: dict[str, str] = {}
    for path in listing.list_pictures(place):
        stem = listing.split_ending(path.name)[0]
        if stem in files:
            raise DataError(
                f"{place} has the pictures {files[stem]} and {path.name}, which are one frame by "
                "their names; keep one or rename it."
            )
        files[stem] = path.name
    return tuple(files)
