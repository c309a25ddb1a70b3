"""What every reader that lists its videos at once says of them."""

from __future__ import annotations

from collections.abc import Sequence

from ...labels import Category, Sentence, VideoInfo


class ListedVideos:
    """A part of a LabelSource: name, classes and videos, and no sentences."""

    _name: str
    _categories: tuple[Category, ...]
    _videos: Sequence[VideoInfo]

    @property
    def name(self) -> str:
        """Short name for messages."""
        return self._name

    @property
    def categories(self) -> tuple[Category, ...]:
        """All classes, as the source lists them; empty where objects have none."""
        return self._categories

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """All videos, in the order of the source; a still is a video of one frame."""
        return self._videos

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None, unless a reader has them."""
        return ()
