"""Captions and runs of labelled frames."""

from __future__ import annotations

from collections.abc import Sequence

from vidseg.datasets.clips.readers import captions, labelled_runs
from vidseg.labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from vidseg.types import ImageArray


class Dense:
    """One video of seven frames."""

    name = "drawn"
    categories: tuple[Category, ...] = ()
    videos = (VideoInfo("v", tuple("0123456")),)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        return ()

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        return ()

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        raise AssertionError("nothing is decoded")

    def picture(self, video: int, frame: int) -> ImageArray:
        raise AssertionError("nothing is decoded")


class Sparse(Dense):
    def labelled(self, video: int) -> Sequence[bool]:
        return [frame in (1, 2, 5) for frame in range(7)]


def test_only_sentences_about_one_object_are_captions() -> None:
    said = (
        Sentence("0", "the red one", (4,)),
        Sentence("1", "both", (4, 9)),
        Sentence("2", "a square", (4,)),
        Sentence("3", "A square ", (9,)),  # the same words about another object
        Sentence("4", "the red one", (4,)),
        Sentence("5", "nobody knows", ()),
    )
    assert captions(said) == {4: ("the red one",)}


def test_videos_are_cut_where_frames_are_not_labelled() -> None:
    assert labelled_runs(Dense(), 0) == [(0, 7)]
    assert labelled_runs(Sparse(), 0) == [(1, 2), (5, 1)]
