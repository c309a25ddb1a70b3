"""Makes labels fit a format: what it cannot hold is counted, and reduced to what it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from ...results import CocoRLE, encode_rle
from .capabilities import Holds
from .losses import LossLog
from .polygons import trace
from .run_lengths import areas, union


class Fitter:
    """Compares one video after the other with what a format holds.

    Args:
        target: name of the format, for messages.
        holds: what it can hold.
        categories: all classes of the source.
        log: takes what is lost.
    """

    def __init__(
        self, target: str, holds: Holds, categories: Sequence[Category], log: LossLog
    ) -> None:
        self._target = target
        self._holds = holds
        self._log = log
        self._categories = {category.id: category for category in categories}
        if categories and not holds.classes:
            log.add("classes", repr(categories[0].name), len(categories))
        for category in categories:
            if holds.classes and not holds.stuff and not category.is_thing:
                log.add("stuff", repr(category.name))

    def begin(
        self, video: VideoInfo, tracks: Sequence[LabelTrack], sentences: Sequence[Sentence]
    ) -> tuple[LabelTrack, ...]:
        """The tracks of the next video as the format can number and class them."""
        self._video = video.name
        self._size = video.size
        self._ids = self._new_ids(tracks)
        self._seen: set[int] = set()
        self._scores: dict[int, float] = {}
        self._unsteady: set[int] = set()
        if sentences:
            self._log.add("sentences", self._where(f"{sentences[0].text!r}"), len(sentences))
        if not self._holds.identity and len(video.frames) > 1:
            self._log.add("identity", self._where(f"{len(video.frames)} frames"))
        self._tracks = {track.id: self._fitting_track(track) for track in tracks}
        if not self._holds.stuff_ids:
            self._count_merged()
        return tuple(self._tracks.values())

    def frame(self, name: str, labels: FrameLabels | None) -> FrameLabels | None:
        """The labels of the next frame with nothing in them that the format cannot hold."""
        if labels is None:
            if self._holds.unlabelled != "kept":
                self._log.add("unlabelled", self._where(f"frame {name}"))
            return None
        where = self._where(f"frame {name}")
        self._check_size(labels, where)
        masks = self._known_masks(labels, where)
        scores = self._fitting_scores(labels.scores, masks, where)
        void = labels.void
        if not self._holds.overlaps:
            masks, void = self._flattened(masks, void, scores or labels.scores, where)
        if void is not None and not self._holds.void and self._holds.background:
            self._log.add("void", where)
            void = None
        if not self._holds.background:
            self._check_covered(labels.size, [*masks.values(), *([void] if void else [])], where)
        if not (self._holds.holes and self._holds.parts):
            self._count_rings(masks, where)
        self._seen.update(masks)
        renamed = {self._ids[id]: mask for id, mask in masks.items()}
        return FrameLabels(
            labels.size, renamed, void, {self._ids[id]: s for id, s in scores.items()}
        )

    def end(self) -> None:
        """Counts what shows only after the last frame of a video."""
        for id in self._tracks:
            if id not in self._seen and not self._holds.empty_tracks:
                self._log.add("empty_tracks", self._where(f"track {id}"))
        for id in sorted(self._unsteady):
            self._log.add("scores", self._where(f"track {id} has several"))

    def _where(self, detail: str) -> str:
        return f"video {self._video}, {detail}"

    def _new_ids(self, tracks: Sequence[LabelTrack]) -> dict[int, int]:
        limit = self._holds.highest_id
        ids = {track.id: track.id for track in tracks}
        kept = [t.id for t in tracks if self._holds.stuff_ids or not self._by_class(t)]
        if limit is None or all(id <= limit for id in kept):
            return ids
        if len(kept) > limit:
            raise DataError(
                f"Video {self._video} has {len(kept)} objects; {self._target} holds {limit}."
            )
        free = iter(sorted(set(range(1, len(ids) + 1)) - set(ids)))
        for id in sorted(id for id in kept if id > limit):
            self._log.add("ids", self._where(f"track {id}"))
            ids[id] = next(free)
        return ids

    def _by_class(self, track: LabelTrack) -> bool:
        """Whether it is stuff or a crowd, which some formats know by their class alone."""
        category = self._categories.get(-1 if track.category_id is None else track.category_id)
        return track.is_crowd or (category is not None and not category.is_thing)

    def _fitting_track(self, track: LabelTrack) -> LabelTrack:
        id, category, crowd = self._ids[track.id], track.category_id, track.is_crowd
        where = self._where(f"track {track.id}")
        if not self._holds.classes:
            category = None
        elif category is None:
            raise DataError(
                f"The object {track.id} of video {self._video} has no class and {self._target} "
                f"needs one; give one name for all such objects with --categories."
            )
        elif category not in self._categories:
            raise DataError(
                f"The object {track.id} of video {self._video} is of class {category}, which the "
                f"class list lacks; correct the list or give another one with --categories."
            )
        thing = category is None or self._categories[category].is_thing
        if crowd and (self._holds.crowd == "none" or (self._holds.crowd == "things" and not thing)):
            self._log.add("crowd", where)
            crowd = False
        return LabelTrack(id, category, crowd)

    def _count_merged(self) -> None:
        kinds: dict[tuple[int | None, bool], int] = {}
        for track in self._tracks.values():
            if self._by_class(track):
                kind = (track.category_id, track.is_crowd)
                kinds[kind] = kinds.get(kind, 0) + 1
        for (category, _), count in kinds.items():
            if count > 1 and category is not None:
                name = self._categories[category].name
                self._log.add("stuff_ids", self._where(f"{count} regions of {name!r}"))

    def _check_size(self, labels: FrameLabels, where: str) -> None:
        known = self._size
        if self._holds.one_size and known is not None and known != labels.size:
            raise DataError(
                f"The {where} is {labels.size[0]} × {labels.size[1]}, other frames are "
                f"{known[0]} × {known[1]} (height × width); {self._target} holds one size a video."
            )
        self._size = known or labels.size

    def _known_masks(self, labels: FrameLabels, where: str) -> dict[int, CocoRLE]:
        for id, mask in labels.masks.items():
            if id not in self._tracks:
                raise DataError(f"The {where} has a mask of track {id}, which is not listed.")
            if tuple(mask["size"]) != labels.size:
                raise DataError(f"The {where}: the mask of track {id} has another size.")
        sizes = areas(list(labels.masks.values()))
        return {
            id: mask
            for (id, mask), pixels in zip(labels.masks.items(), sizes, strict=True)
            if pixels
        }

    def _fitting_scores(
        self, scores: Mapping[int, float], masks: Iterable[int], where: str
    ) -> dict[int, float]:
        kept = {id: scores[id] for id in masks if id in scores}
        if self._holds.scores == "none":
            if kept:
                self._log.add("scores", f"{where}, track {min(kept)}", len(kept))
            return {}
        if self._holds.scores == "track":
            for id, score in kept.items():
                if self._scores.setdefault(id, score) != score:
                    self._unsteady.add(id)
        return kept

    def _flattened(
        self,
        masks: dict[int, CocoRLE],
        void: CocoRLE | None,
        scores: Mapping[int, float],
        where: str,
    ) -> tuple[dict[int, CocoRLE], CocoRLE | None]:
        """Masks and void that share no pixel; nothing is decoded where they never did."""
        parts = [*masks.values(), *([void] if void else [])]
        if len(parts) < 2 or int(areas(parts).sum()) == int(areas([union(parts)])[0]):
            return masks, void
        ids = np.zeros(tuple(parts[0]["size"]), dtype=np.int64)
        if void is not None:
            ids[decode_rle(void)] = -1
        clash: tuple[int, int] | None = None
        for id in sorted(masks, key=lambda id: (scores.get(id, 1.0), -id)):
            mask = decode_rle(masks[id])
            if clash is None and ids[mask].any():
                clash = (int(ids[mask][ids[mask] != 0][0]), id)
            ids[mask] = id
        if clash is not None:
            other = "void" if clash[0] < 0 else f"track {clash[0]}"
            self._log.add("overlaps", f"{where}, {other} and track {clash[1]}")
        left = {id: encode_rle(ids == id) for id in masks if (ids == id).any()}
        return left, encode_rle(ids < 0) if (ids < 0).any() else None

    def _check_covered(self, size: tuple[int, int], parts: list[CocoRLE], where: str) -> None:
        covered = int(areas([union(parts)])[0]) if parts else 0
        missing = size[0] * size[1] - covered
        if missing:
            self._log.add("background", f"{where}, {missing} pixels")

    def _count_rings(self, masks: Mapping[int, CocoRLE], where: str) -> None:
        for id, mask in masks.items():
            outline = trace(decode_rle(mask))
            if outline.holes and not self._holds.holes:
                self._log.add("holes", f"{where}, track {id}")
            if outline.parts > 1 and not self._holds.parts:
                self._log.add("parts", f"{where}, track {id}")
