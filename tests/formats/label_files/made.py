"""Labels made up in memory, and what of two sources must be equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from vidseg.formats.label_files import ReadOptions, convert, label_format
from vidseg.geometry.masks import decode_rle
from vidseg.labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from vidseg.results import encode_rle
from vidseg.types import ImageArray, MaskArray

CLASSES = (Category(1, "cat"), Category(2, "traffic <light>"), Category(7, "snow & ice", False))
THINGS = (Category(1, "cat"), Category(2, "dog, small"), Category(3, "unused"))


@dataclass
class Made:
    """A LabelSource of arrays."""

    videos: list[VideoInfo]
    objects: list[tuple[LabelTrack, ...]]
    frames: list[list[FrameLabels | None]]
    categories: tuple[Category, ...] = THINGS
    name: str = "made"
    spoken: list[tuple[Sentence, ...]] = field(default_factory=list)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        return self.objects[video]

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        return self.spoken[video] if self.spoken else ()

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        return self.frames[video][frame]

    def picture(self, video: int, frame: int) -> ImageArray:
        raise NotImplementedError


def mask(*rows: str) -> MaskArray:
    """A mask drawn with # for its pixels."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def labels(
    masks: Mapping[int, MaskArray],
    size: tuple[int, int],
    *,
    void: MaskArray | None = None,
    scores: Mapping[int, float] | None = None,
) -> FrameLabels:
    return FrameLabels(
        size,
        {id: encode_rle(m) for id, m in masks.items()},
        None if void is None else encode_rle(void),
        scores or {},
    )


def one_video(
    frames: Sequence[FrameLabels | None],
    tracks: Sequence[LabelTrack],
    *,
    categories: tuple[Category, ...] = THINGS,
    name: str = "v",
) -> Made:
    size = next((f.size for f in frames if f is not None), None)
    info = VideoInfo(name, tuple(f"{t:05d}" for t in range(len(frames))), size)
    return Made([info], [tuple(tracks)], [list(frames)], categories)


def contents(source: LabelSource, *, ids: bool = True, numbers: bool = True) -> object:
    """All that can be compared with ==, masks as bytes.

    Args:
        source: what is read through.
        ids: False where objects of a frame are told apart by their masks alone.
        numbers: False where classes are told by their names alone.
    """
    names = {c.id: (c.id if numbers else 0, c.name, c.is_thing) for c in source.categories}
    found: list[object] = [sorted(names.values())]
    for number, video in enumerate(source.videos):
        tracks = {t.id: t for t in source.tracks(number)}
        known = {
            id: (None if t.category_id is None else names[t.category_id], t.is_crowd)
            for id, t in tracks.items()
        }
        found.append((video.name, video.frames, known if ids else None))
        for frame in range(len(video.frames)):
            held = source.labels(number, frame)
            if held is None:
                found.append(None)
                continue
            rows = [
                (id if ids else 0, known[id], decode_rle(m).tobytes(), held.scores.get(id))
                for id, m in held.masks.items()
            ]
            void = None if held.void is None else decode_rle(held.void).tobytes()
            found.append((held.size, sorted(rows, key=repr), void))
    return found


def sent_through(source: LabelSource, name: str, place: Path, **options: object) -> LabelSource:
    """Written in a format and opened again."""
    target = label_format(name)
    convert(source, target, place, **options)  # type: ignore[arg-type]
    return target.read(place, ReadOptions())


Ids = npt.NDArray[np.int32]


@st.composite
def id_maps(draw: st.DrawFn, ids: Sequence[int], size: tuple[int, int]) -> Ids:
    """A map of ids and 0: noise, or rectangles over each other; so with holes, parts, dots."""
    height, width = size
    if draw(st.booleans()):
        values = draw(
            st.lists(
                st.sampled_from([0, 0, *ids]), min_size=height * width, max_size=height * width
            )
        )
        return np.array(values, dtype=np.int32).reshape(size)
    drawn = np.zeros(size, dtype=np.int32)
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        below, right = draw(st.integers(top, height - 1)), draw(st.integers(left, width - 1))
        drawn[top : below + 1, left : right + 1] = draw(st.sampled_from([0, *ids]))
    return drawn


Built = Callable[[Ids], FrameLabels]


@st.composite
def sources(
    draw: st.DrawFn,
    *,
    categories: tuple[Category, ...] = THINGS,
    classes: bool = True,
    highest: int = 10**6,
    void: bool = False,
    covered: bool = False,
    crowd: bool = False,
    overlaps: bool = False,
    unlabelled: bool = False,
    empty_tracks: bool = False,
    scores: str = "none",
) -> Made:
    """One or two videos of a few frames; each argument is what a format may hold."""
    videos, objects, frames = [], [], []
    for number in range(draw(st.integers(1, 2))):
        size = (draw(st.integers(1, 6)), draw(st.integers(1, 6)))
        ids = draw(st.lists(st.integers(1, highest), min_size=1, max_size=4, unique=True))
        tracks = [
            LabelTrack(
                id,
                draw(st.sampled_from(categories)).id if classes else None,
                draw(st.booleans()) if crowd else False,
            )
            for id in ids
        ]
        steady = {id: draw(st.sampled_from([0.25, 0.5])) for id in ids}
        held: list[FrameLabels | None] = []
        for _ in range(draw(st.integers(1, 3))):
            if unlabelled and draw(st.booleans()) and held:
                held.append(None)
                continue
            drawn = draw(id_maps(ids, size))
            masks = {id: drawn == id for id in ids if (drawn == id).any()}
            nothing = drawn == 0
            if overlaps:
                for id in ids:
                    extra = draw(id_maps([1], size)) > 0
                    if id in masks:
                        masks[id] = masks[id] | extra
            left = nothing if covered else nothing & (draw(id_maps([1], size)) > 0)
            told = {"none": {}, "track": steady}.get(scores)
            if told is None:
                told = {id: draw(st.sampled_from([0.25, 0.5])) for id in masks}
            held.append(
                labels(
                    masks,
                    size,
                    void=left if (void and left.any()) else None,
                    scores={id: told[id] for id in masks if id in told},
                )
            )
        seen = {id for frame in held if frame is not None for id in frame.masks}
        kept = sorted((t for t in tracks if empty_tracks or t.id in seen), key=lambda t: t.id)
        videos.append(VideoInfo(f"v{number}", tuple(f"{t:05d}" for t in range(len(held))), size))
        objects.append(tuple(kept))
        frames.append(held)
    return Made(videos, objects, frames, categories if classes else ())
