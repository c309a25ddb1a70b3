"""The datasets of a recipe, opened and ready to draw clips from."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...datasets.augment.augmentation import Augmentation
from ...datasets.augment.views import LargeScaleJitter, MovingView, ShortSide
from ...datasets.batches.drawing import ClipSource
from ...datasets.class_lists import class_list
from ...datasets.clips.long_tail import (
    choose_at_random,
    choose_by_class,
    reliable_masks,
    repeat_factors,
)
from ...datasets.clips.own_folders import OWN_FOLDERS
from ...datasets.clips.readers import Choice, ClipReader, LabelReader
from ...datasets.clips.sampling import ClipTiming
from ...datasets.sources.registry import dataset_names, open_dataset
from ...datasets.sources.sa1b import Sa1bStills
from ...errors import DataError
from ...labels import LabelSource, LabelTrack
from ..recipe.data import AugmentationConfig, DataConfig, SourceConfig

_LONG_TAILED = ("lvis", "burst", "entityseg")
_SA1B_COPIES = (16, 48)


def source_kinds() -> tuple[str, ...]:
    """Everything that ``SourceConfig.kind`` may be."""
    return (*dataset_names(), *OWN_FOLDERS)


def open_sources(config: DataConfig) -> tuple[ClipSource, ...]:
    """Opens the mixture. Label files are parsed, pictures and masks are not looked at.

    Raises:
        DataError: no source, a folder or file that is missing or damaged, no labelled frame, a
            donor that is no source, or pasting into pictures that are not square.
        VocabularyError: a class list that does not match the classes of the dataset.
    """
    sources = [source for source in config.sources if source.weight > 0]
    if not sources:
        raise DataError(
            "The mixture of training data is empty; give data.sources at least one with a weight."
        )
    paste = config.augmentation.paste > 0 and any(source.donor for source in sources)
    if paste and config.augmentation.preset == "short_side":
        raise DataError("Objects can only be pasted into square pictures; set paste to 0.")
    readers = {source.name: open_reader(source, config) for source in config.sources}
    for source in sources:
        if source.donor is not None and source.donor not in readers:
            raise DataError(
                f"The donor {source.donor!r} of {source.name} is no source; there are "
                f"{', '.join(readers)}."
            )
    return tuple(_clip_source(source, config, readers) for source in sources)


def _clip_source(
    source: SourceConfig, config: DataConfig, readers: dict[str, tuple[ClipReader, _Chances]]
) -> ClipSource:
    reader, chances = readers[source.name]
    sa1b = source.kind == "sa1b"
    copies = _SA1B_COPIES if sa1b else (3 * config.frames, 3 * config.frames)
    return ClipSource(
        name=source.name,
        reader=reader,
        weight=source.weight,
        chances=np.cumsum(chances),
        timing=ClipTiming(
            reach=source.frame_range,
            longest_step=source.longest_step,
            as_still=source.as_still,
            pretended=None if config.augmentation.preset == "view" else copies,
        ),
        still=augmentation(config.augmentation, config.size),
        clip=augmentation(config.augmentation, config.size, steady=sa1b),
        donor=None if source.donor is None else readers[source.donor][0],
        composed=source.kind in OWN_FOLDERS,
        most_objects=config.most_objects,
        smallest_area=config.augmentation.smallest_area,
    )


def augmentation(config: AugmentationConfig, size: int, *, steady: bool = False) -> Augmentation:
    """The changes of clips.

    Args:
        size: side of square pictures in pixels.
        steady: as for clips of SA-1B: squares, at one scale for all frames of a clip.
    """
    view: LargeScaleJitter | ShortSide | MovingView
    if config.preset == "view":
        view = MovingView(side=size, scale=config.scale)
    elif config.preset == "lsj" or steady:
        view = LargeScaleJitter(
            side=size,
            scale=config.scale,
            independent=config.independent_scale and not steady,
            rotation=config.rotation,
        )
    else:
        view = ShortSide(
            short_sides=config.short_sides,
            long_side=config.long_side,
            scale=config.scale,
            side=size,
            rotation=config.rotation,
        )
    return Augmentation(
        view=view,
        flip=config.flip,
        colour=config.colour,
        paste=config.paste,
        most_pasted=config.most_pasted,
    )


_Chances = npt.NDArray[np.float64]


def open_reader(source: SourceConfig, config: DataConfig) -> tuple[ClipReader, _Chances]:
    """One dataset, and the relative probability of each of its videos.

    Videos of the releases are equally likely however long they are; runs of labelled frames of one
    video share its part. Videos of plain layouts are as likely as they are long.
    """
    folder = Path(config.root) / source.folder
    where = f"the source {source.name}"
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder} for {where}.")
    if source.kind in OWN_FOLDERS:
        return _plain(source, folder, where)
    labels = open_dataset(source.kind, folder, source.split)
    names, rows = class_list(
        source.vocabulary, source.kind, source.split, labels.categories, f"{where} ({folder})"
    )
    keep = [video for video in range(len(labels.videos)) if _kept(labels, video, source)]
    if not keep:
        raise DataError(f"No video or still of {where} is left after held_out and least_side.")
    reader = LabelReader(
        labels,
        names,
        rows,
        choose=_choice(labels, source.kind, config.most_objects),
        keep=keep,
        only_described=source.only_described,
    )
    chances = reader.lengths / np.bincount(reader.videos, reader.lengths)[reader.videos]
    if source.repeat_threshold is not None:
        shown = [_classes(labels, video) for video in reader.videos.tolist()]
        chances = chances * repeat_factors(shown, source.repeat_threshold)
    return reader, chances


def _plain(source: SourceConfig, folder: Path, where: str) -> tuple[ClipReader, _Chances]:
    if source.held_out or source.least_side or source.repeat_threshold or source.only_described:
        raise DataError(
            f"{where} is of the plain kind {source.kind}, which has no held_out, least_side, "
            f"repeat_threshold or only_described; leave them out."
        )
    if source.vocabulary not in ("auto", "own"):
        raise DataError(f"{where} is of the plain kind {source.kind}; its vocabulary is 'own'.")
    labels = OWN_FOLDERS[source.kind](folder, source.split)
    reader = LabelReader(labels, *own_classes(labels), whole=True)
    return reader, reader.lengths.astype(np.float64)


def own_classes(labels: LabelSource) -> tuple[tuple[str, ...], dict[int, int]]:
    """Names of the classes in the order of their ids, and id → row of them."""
    categories = sorted(labels.categories, key=lambda category: category.id)
    return tuple(c.name for c in categories), {c.id: row for row, c in enumerate(categories)}


def is_held_out(name: str, share: float) -> bool:
    """Whether a video of this name belongs to the share that is never trained on."""
    return int(sha256(name.encode()).hexdigest()[:8], 16) < share * 16**8


def _kept(labels: LabelSource, video: int, source: SourceConfig) -> bool:
    info = labels.videos[video]
    if is_held_out(info.name, source.held_out):
        return False
    small = len(info.frames) == 1 and info.size is not None and max(info.size) < source.least_side
    return not small


def _classes(labels: LabelSource, video: int) -> set[int]:
    ids = (track.category_id for track in labels.tracks(video))
    return {id for id in ids if id is not None}


def _choice(labels: LabelSource, kind: str, most: int | None) -> Choice | None:
    """Which objects of a crowded still or clip are used (UniVS supplement B)."""
    if isinstance(labels, Sa1bStills):
        source = labels

        def reliable(
            video: int, tracks: Sequence[LabelTrack], rng: np.random.Generator
        ) -> Sequence[int]:
            good = set(reliable_masks(source.ratings(video)))
            places = [k for k, track in enumerate(tracks) if track.id - 1 in good]
            if most is None:
                return places
            return [places[k] for k in choose_at_random(len(places), 2 * most, rng)]

        return reliable
    if kind in _LONG_TAILED and most is not None:
        limit = 2 * most

        def by_class(
            video: int, tracks: Sequence[LabelTrack], rng: np.random.Generator
        ) -> Sequence[int]:
            return choose_by_class([track.category_id for track in tracks], limit, rng)

        return by_class
    return None
