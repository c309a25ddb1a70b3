"""What a labelled dataset holds, counted frame by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError
from ..formats.label_files.run_lengths import areas
from ..labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo


@dataclass
class ClassCount:
    """What there is of a class, or of objects without one.

    Attributes:
        category: None for objects without a class.
        objects: tracks, crowds among them.
        crowds: tracks that may hold several objects.
        masks: of single frames.
        frames: with at least one mask.
        pixels: of all masks.
    """

    category: Category | None
    objects: int = 0
    crowds: int = 0
    masks: int = 0
    frames: int = 0
    pixels: int = 0

    def row(self) -> dict[str, Any]:
        """For JSON."""
        category = self.category
        return {
            "id": None if category is None else category.id,
            "name": None if category is None else category.name,
            "is_thing": None if category is None else category.is_thing,
            **{key: getattr(self, key) for key in _CLASS_COUNTS},
        }


_CLASS_COUNTS = ("objects", "crowds", "masks", "frames", "pixels")


@dataclass
class Spread:
    """How often each whole number occurred; as many entries as there are different numbers."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, value: int) -> None:
        """One more."""
        self.counts[value] += 1

    @property
    def number(self) -> int:
        """How many were added."""
        return self.counts.total()

    @property
    def sum(self) -> int:
        """Of all that were added."""
        return sum(value * times for value, times in self.counts.items())

    def summary(self) -> dict[str, float] | None:
        """min, median (the lower of two middle ones), mean and max; None for nothing."""
        if not self.counts:
            return None
        middle = (self.number + 1) // 2
        passed = 0
        median = 0
        for median in sorted(self.counts):
            passed += self.counts[median]
            if passed >= middle:
                break
        return {
            "min": min(self.counts),
            "median": median,
            "mean": self.sum / self.number,
            "max": max(self.counts),
        }


class LabelStatistics:
    """Sums over videos. Holds nothing of past videos but counts."""

    def __init__(self, name: str, categories: Sequence[Category]) -> None:
        self.name = name
        self.videos = 0
        self.frames = 0
        self.labelled_frames = 0
        self.never_visible = 0
        self.void_pixels = 0
        self.labelled_pixels = 0
        self.sentences = 0
        self.objects_meant = 0
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.frames_per_video = Spread()
        self.objects_per_video = Spread()
        self.objects_per_frame = Spread()
        self.track_lengths = Spread()
        self.words = Spread()
        self._classes: dict[int | None, ClassCount] = {
            category.id: ClassCount(category) for category in categories
        }

    @property
    def classes(self) -> list[ClassCount]:
        """The class with the most objects first; those without any too."""
        return sorted(self._classes.values(), key=lambda c: (-c.objects, -c.pixels))

    def add_video(
        self, info: VideoInfo, tracks: Sequence[LabelTrack], sentences: Sequence[Sentence]
    ) -> VideoCount:
        """Counts a video; its frames go to what is returned, which is closed after the last."""
        self.videos += 1
        self.frames += len(info.frames)
        self.frames_per_video.add(len(info.frames))
        self.objects_per_video.add(len(tracks))
        for track in tracks:
            count = self.of_class(track.category_id)
            count.objects += 1
            count.crowds += track.is_crowd
        for sentence in sentences:
            self.sentences += 1
            self.words.add(len(sentence.text.split()))
        self.objects_meant += len({id for s in sentences for id in s.track_ids})
        return VideoCount(self, info, tracks)

    def of_class(self, category: int | None) -> ClassCount:
        """The counts of a class. Raises DataError for one that the source does not list."""
        if category is None:
            return self._classes.setdefault(None, ClassCount(None))
        if category not in self._classes:
            raise DataError(f"{self.name} has an object of class {category}, which it lacks.")
        return self._classes[category]

    def to_json(self) -> dict[str, Any]:
        """Everything, for ``json.dump``."""
        sizes = [
            {"height": height, "width": width, "frames": count}
            for (height, width), count in self.sizes.most_common()
        ]
        return {
            "dataset": self.name,
            "videos": self.videos,
            "frames": self.frames,
            "labelled_frames": self.labelled_frames,
            "frames_per_video": self.frames_per_video.summary(),
            "sizes": sizes,
            "objects": self.objects_per_video.sum,
            "crowds": sum(count.crowds for count in self._classes.values()),
            "objects_never_visible": self.never_visible,
            "masks": self.objects_per_frame.sum,
            "objects_per_video": self.objects_per_video.summary(),
            "objects_per_frame": self.objects_per_frame.summary(),
            "frames_per_object": self.track_lengths.summary(),
            "labelled_frame_pixels": self.labelled_pixels,
            "void_pixels": self.void_pixels,
            "sentences": self.sentences,
            "words_per_sentence": self.words.summary(),
            "objects_with_sentence": self.objects_meant,
            "classes": [count.row() for count in self.classes],
        }


class VideoCount:
    """Counts the frames of one video."""

    def __init__(
        self, total: LabelStatistics, info: VideoInfo, tracks: Sequence[LabelTrack]
    ) -> None:
        self._total = total
        self._info = info
        self._category = {track.id: track.category_id for track in tracks}
        self._visible: Counter[int] = Counter()

    def add_frame(self, labels: FrameLabels | None) -> None:
        """Counts a frame. Raises DataError for a mask of an object that the video lacks."""
        total = self._total
        size = self._info.size if labels is None else labels.size
        if size is not None:
            total.sizes[size] += 1
        if labels is None:
            return
        total.labelled_frames += 1
        total.labelled_pixels += labels.size[0] * labels.size[1]
        if labels.void is not None:
            total.void_pixels += int(areas([labels.void])[0])
        total.objects_per_frame.add(len(labels.masks))
        self._visible.update(labels.masks.keys())
        pixels = areas(list(labels.masks.values())) if labels.masks else ()
        seen: set[int | None] = set()
        for id, area in zip(labels.masks, pixels, strict=True):
            if id not in self._category:
                raise DataError(
                    f"{total.name}: a frame of {self._info.name} has a mask of object {id}, "
                    "which the video does not list."
                )
            count = total.of_class(self._category[id])
            count.masks += 1
            count.pixels += int(area)
            seen.add(self._category[id])
        for category in seen:
            total.of_class(category).frames += 1

    def close(self) -> None:
        """Counts the lengths of its tracks."""
        for id in self._category:
            if self._visible[id]:
                self._total.track_lengths.add(self._visible[id])
            else:
                self._total.never_visible += 1


def count_labels(
    source: LabelSource, *, progress: Callable[[], None] | None = None
) -> LabelStatistics:
    """Reads all labels of a source, one frame at a time; pictures are not opened.

    Args:
        source: the dataset.
        progress: called after each frame.

    Raises DataError where a label file is missing or damaged.
    """
    total = LabelStatistics(source.name, source.categories)
    for number, info in enumerate(source.videos):
        video = total.add_video(info, source.tracks(number), source.sentences(number))
        for frame in range(len(info.frames)):
            video.add_frame(source.labels(number, frame))
            if progress is not None:
                progress()
        video.close()
    return total
