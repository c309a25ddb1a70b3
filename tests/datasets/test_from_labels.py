"""Labels of any source as training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.datasets.layouts import layout_names, write_layout
from vidseg.datasets.davis import MaskedVideos
from vidseg.datasets.from_labels import TrainingVideos, paint
from vidseg.datasets.mixture import Source, clip_stream
from vidseg.datasets.schema import Region
from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import DataError
from vidseg.labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from vidseg.results import encode_rle
from vidseg.types import ImageArray, MaskArray


def box(*places: tuple[int, int, int, int], size: tuple[int, int] = (6, 8)) -> MaskArray:
    mask = np.zeros(size, bool)
    for top, bottom, left, right in places:
        mask[top:bottom, left:right] = True
    return mask


@dataclass
class Drawn:
    """One video, of which the frames in ``masks`` are labelled."""

    masks: Mapping[int, Mapping[int, MaskArray]]
    frames: int = 1
    known: Sequence[LabelTrack] = (LabelTrack(4), LabelTrack(9))
    said: tuple[Sentence, ...] = ()
    name: str = "drawn"
    categories: tuple[Category, ...] = (Category(7, "dog"), Category(3, "sky", False))
    void: MaskArray | None = None
    picture_size: tuple[int, int] = (6, 8)
    videos: list[VideoInfo] = field(init=False)

    def __post_init__(self) -> None:
        self.videos = [VideoInfo("v", tuple(str(t) for t in range(self.frames)))]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        return tuple(self.known)

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        return self.said

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        if frame not in self.masks:
            return None
        rles = {id: encode_rle(mask) for id, mask in self.masks[frame].items()}
        return FrameLabels((6, 8), rles, None if self.void is None else encode_rle(self.void))

    def picture(self, video: int, frame: int) -> ImageArray:
        return np.full((*self.picture_size, 3), frame, np.uint8)


class Sparse(Drawn):
    def labelled(self, video: int) -> Sequence[bool]:
        return [frame in self.masks for frame in range(self.frames)]


def test_smaller_masks_lie_on_larger_ones_and_void_on_both() -> None:
    # Track 4 has 4 · 6 = 24 pixels, track 9 has 2 · 2 = 4 inside of it; one of them is void.
    masks = {4: box((1, 5, 1, 7)), 9: box((2, 4, 2, 4))}
    videos = TrainingVideos(Drawn({0: masks}, void=box((3, 4, 3, 4))))
    _, ids = videos.frame(0, 0)
    assert ids.dtype == np.uint8
    assert np.bincount(ids.ravel()).tolist() == [48 - 24 + 1, 24 - 4, 3]
    assert ids[2, 2] == 2
    assert ids[3, 3] == 0
    assert ids[1, 1] == 1


def test_regions_carry_class_kind_and_crowd() -> None:
    known = (LabelTrack(1, 3), LabelTrack(2, 7, is_crowd=True), LabelTrack(5))
    videos = TrainingVideos(Drawn({0: {}}, known=known))
    assert videos.vocabulary == ("dog", "sky")
    assert videos.regions(0) == (Region(1, False), Region(0, True, True), Region(-1))


def test_only_sentences_about_one_object_are_captions() -> None:
    said = (
        Sentence("0", "the red one", (4,)),
        Sentence("1", "both", (4, 9)),
        Sentence("2", "a square", (4,)),
        Sentence("3", "A square ", (9,)),  # the same words about another object
        Sentence("4", "the red one", (4,)),
        Sentence("5", "nobody knows", ()),
    )
    first, second = TrainingVideos(Drawn({0: {}}, said=said)).regions(0)
    assert first.captions == ("the red one",)
    assert second.captions == ()


def test_videos_are_cut_where_frames_are_not_labelled() -> None:
    masks = {t: {4: box((0, 1, 0, t + 1))} for t in (1, 2, 5)}
    videos = TrainingVideos(Sparse(masks, frames=7))
    assert list(videos.lengths) == [2, 1]
    assert videos.regions(0) == videos.regions(1)
    picture, ids = videos.frame(1, 0)  # the run that starts with frame 5
    assert picture[0, 0, 0] == 5
    assert int(ids.sum()) == 6


def test_what_cannot_be_learnt_from_is_an_error() -> None:
    with pytest.raises(DataError, match="no labelled frame"):
        TrainingVideos(Sparse({}, frames=3))
    with pytest.raises(DataError, match=r"video v, frame 0: there are no labels"):
        TrainingVideos(Drawn({})).frame(0, 0)
    with pytest.raises(DataError, match="labels are 6 × 8"):
        TrainingVideos(Drawn({0: {}}, picture_size=(6, 9))).frame(0, 0)
    with pytest.raises(DataError, match="class 8"):
        TrainingVideos(Drawn({0: {}}, known=(LabelTrack(1, 8),))).regions(0)


def test_of_many_tracks_the_first_254_are_kept() -> None:
    known = [LabelTrack(id) for id in range(1, 301)]
    source = Drawn({0: {254: box((0, 1, 0, 1)), 255: box((1, 2, 0, 1))}}, known=known)
    videos = TrainingVideos(source)
    assert len(videos.regions(0)) == 254
    _, ids = videos.frame(0, 0)
    assert ids[0, 0] == 254
    assert ids[1, 0] == 0


@given(arrays.arrays(np.uint8, (5, 7), elements=st.integers(0, 4)))
def test_masks_without_overlap_come_back_as_they_were(ids: np.ndarray) -> None:
    masks = {int(id): encode_rle(ids == id) for id in np.unique(ids) if id}
    numbers = {id: id for id in masks}
    np.testing.assert_array_equal(paint(FrameLabels((5, 7), masks), numbers), ids)


@pytest.mark.parametrize("layout", layout_names())
def test_every_video_dataset_can_be_learnt_from(layout: str, tmp_path: Path) -> None:
    known = write_layout(layout, tmp_path, seed=1)
    name = "vipseg" if layout == "vipseg_released" else layout
    videos = TrainingVideos(open_dataset(name, tmp_path))
    assert list(videos.lengths) == [4, 4]
    for number, video in enumerate(known.values()):
        order = sorted(video.categories)
        for place, frame in enumerate(video.frames):
            _, ids = videos.frame(number, place)
            for row, id in enumerate(order, start=1):
                wanted = video.masks[frame].get(id, np.zeros_like(ids, bool))
                np.testing.assert_array_equal(ids == row, wanted)
    sample = next(clip_stream([Source(dataset=videos)], frames=2, size=32, seed=0))
    assert len(sample) > 0


def test_reads_masked_videos_as_their_own_reader_does(shared: Path) -> None:
    folder = shared / "data" / "video-extra"
    if not folder.is_dir():
        pytest.skip(f"{folder} not found")
    videos = TrainingVideos(open_dataset("mose", folder))
    old = MaskedVideos(folder, ["bmx-bike"])
    run = 1  # after the only labelled frame of "bike"
    assert videos.lengths[run] == old.lengths[0]
    assert videos.regions(run) == old.regions(0)
    for frame in (0, old.lengths[0] - 1):
        for mine, theirs in zip(videos.frame(run, frame), old.frame(0, frame), strict=True):
            np.testing.assert_array_equal(mine, theirs)
